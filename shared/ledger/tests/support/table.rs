//! One DynamoDB table in memory, written from DynamoDB's API reference and developer guide. A read that does not
//! request consistency gets the table as it was before the last write, which DynamoDB allows.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use super::expression::{Given, Item, Refusal};
use super::wire::{Answer, Call};

/// The table's name.
pub const NAME: &str = "ledger-of-the-test";

/// The largest item.
const ITEM_MAX: usize = 400 * 1024;

/// The most actions of one transaction.
const ACTIONS_MAX: usize = 100;

type Items = BTreeMap<(String, String), Item>;

/// The items of the table, and the calls to it.
#[derive(Default)]
pub struct Contents {
    items: Items,
    before: Items,
    /// Each call: the operation and the request.
    pub calls: Vec<(String, Value)>,
    /// The responses of the next calls, which are not carried out.
    pub answers: VecDeque<Answer>,
    /// The number of items in a page of a query.
    page: Option<usize>,
}

/// A table; its clones are the same table.
#[derive(Clone, Default)]
pub struct Table(Arc<Mutex<Contents>>);

impl Table {
    /// A table whose queries return this number of items in a page.
    pub fn of_pages(items: usize) -> Self {
        let table = Self::default();
        table.contents().page = Some(items);
        table
    }

    /// Locks the contents.
    pub fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap()
    }

    /// A stored item.
    pub fn item(&self, pk: &str, sk: &str) -> Option<Item> {
        self.contents().items.get(&(pk.to_owned(), sk.to_owned())).cloned()
    }

    /// The keys of all items.
    pub fn keys(&self) -> BTreeSet<(String, String)> {
        self.contents().items.keys().cloned().collect()
    }

    /// Puts an item as another writer.
    pub fn put(&self, item: &Value) {
        let key = key(item).unwrap();
        self.contents().items.insert(key, item.as_object().unwrap().clone());
    }

    /// Sets the response of the next call.
    pub fn answers(&self, answer: Answer) {
        self.contents().answers.push_back(answer);
    }

    /// The requests of this operation, in order.
    pub fn requests(&self, operation: &str) -> Vec<Value> {
        let calls = &self.contents().calls;
        calls.iter().filter(|(name, _)| name == operation).map(|(_, request)| request.clone()).collect()
    }

    /// Carries out a call.
    pub fn answer(&self, call: &Call) -> Answer {
        let mut contents = self.contents();
        let request = call.json();
        contents.calls.push((call.operation.clone(), request.clone()));
        if let Some(answer) = contents.answers.pop_front() {
            return answer;
        }
        let done = match call.operation.as_str() {
            "GetItem" => contents.get(&request),
            "Query" => contents.query(&request),
            "DeleteItem" => contents.write(&json!([{"Delete": request}])),
            "TransactWriteItems" => contents.write(&request["TransactItems"]),
            other => Err(format!("this table does not play {other}")),
        };
        done.unwrap_or_else(|refusal| Answer::error(400, "com.amazon.coral.validate#ValidationException", &refusal))
    }
}

/// A cancelled transaction with one reason for each of its actions.
pub fn cancelled(codes: &[&str]) -> Answer {
    let reasons: Vec<Value> = codes.iter().map(|code| json!({"Code": code})).collect();
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": format!("Transaction cancelled, please refer cancellation reasons for specific reasons {codes:?}"),
        "CancellationReasons": reasons,
    });
    Answer::text(400, body.to_string())
}

impl Contents {
    fn seen(&self, request: &Value) -> &Items {
        if request["ConsistentRead"] == json!(true) { &self.items } else { &self.before }
    }

    fn get(&self, request: &Value) -> Result<Answer, Refusal> {
        of_the_table(request)?;
        let found = self.seen(request).get(&key(&request["Key"])?);
        Ok(Answer::ok(&found.map_or_else(|| json!({}), |item| json!({"Item": item}))))
    }

    fn query(&self, request: &Value) -> Result<Answer, Refusal> {
        of_the_table(request)?;
        let mut given = Given::of(request);
        let (pk, prefix) = given.wanted(request["KeyConditionExpression"].as_str().unwrap_or_default())?;
        given.all_used()?;
        let pk = pk["S"].as_str().unwrap_or_default().to_owned();
        let after = request.get("ExclusiveStartKey").map(key).transpose()?;
        let matching = self.seen(request).iter().filter(|((of, sk), _)| *of == pk && sk.starts_with(&prefix));
        let mut rest = matching.filter(|(key, _)| after.as_ref().is_none_or(|after| *key > after));
        let page: Vec<_> = rest.by_ref().take(self.page.unwrap_or(usize::MAX)).collect();
        let items: Vec<&Item> = page.iter().map(|(_, item)| *item).collect();
        let mut answer = json!({"Items": items, "Count": items.len()});
        // DynamoDB returns a key to continue from even if the page ended with the last item.
        if let Some(((pk, sk), _)) = page.last().filter(|_| self.page == Some(page.len())) {
            answer["LastEvaluatedKey"] = json!({"pk": {"S": pk}, "sk": {"S": sk}});
        }
        Ok(Answer::ok(&answer))
    }

    /// Carries out all actions of a transaction, or none.
    fn write(&mut self, actions: &Value) -> Result<Answer, Refusal> {
        let actions = actions.as_array().ok_or("no actions")?;
        if actions.is_empty() || actions.len() > ACTIONS_MAX {
            return Err(format!("a transaction has 1 to {ACTIONS_MAX} actions"));
        }
        let (mut items, mut touched, mut codes) = (self.items.clone(), BTreeSet::new(), Vec::new());
        for action in actions {
            let (verb, action) = action.as_object().and_then(|one| one.iter().next()).ok_or("an action of no kind")?;
            of_the_table(action)?;
            let key = key(if verb == "Put" { &action["Item"] } else { &action["Key"] })?;
            if !touched.insert(key.clone()) {
                return Err("Transaction request cannot include multiple operations on one item".to_owned());
            }
            codes.push(if one(verb, action, key, &mut items)? { "None" } else { "ConditionalCheckFailed" });
        }
        if codes.contains(&"ConditionalCheckFailed") {
            return Ok(cancelled(&codes));
        }
        self.before = std::mem::replace(&mut self.items, items);
        Ok(Answer::ok(&json!({})))
    }
}

/// Carries out one action of a transaction; returns whether its condition held.
fn one(verb: &str, action: &Value, key: (String, String), items: &mut Items) -> Result<bool, Refusal> {
    let mut given = Given::of(action);
    let there = items.get(&key);
    let holds = match action.get("ConditionExpression").and_then(Value::as_str) {
        Some(condition) => given.holds(condition, there)?,
        None => true,
    };
    let after = match verb {
        "Put" => Some(action["Item"].as_object().cloned().unwrap_or_default()),
        "Delete" => None,
        "Update" => {
            let mut item = there.cloned().unwrap_or_else(|| {
                [("pk", &key.0), ("sk", &key.1)]
                    .map(|(name, value)| (name.to_owned(), json!({"S": value})))
                    .into_iter()
                    .collect()
            });
            given.update(action["UpdateExpression"].as_str().unwrap_or_default(), &mut item)?;
            Some(item)
        }
        other => return Err(format!("this table does not play {other}")),
    };
    given.all_used()?;
    if holds {
        match after {
            Some(item) if size(&item) > ITEM_MAX => {
                return Err("Item size has exceeded the maximum allowed size".into());
            }
            Some(item) => items.insert(key, item),
            None => items.remove(&key),
        };
    }
    Ok(holds)
}

fn of_the_table(request: &Value) -> Result<(), Refusal> {
    if request["TableName"] == json!(NAME) { Ok(()) } else { Err("Requested resource not found".to_owned()) }
}

/// The primary key; both parts are non-empty texts.
fn key(from: &Value) -> Result<(String, String), Refusal> {
    let part = |name: &str| {
        let text = from[name]["S"].as_str().filter(|text| !text.is_empty());
        text.map(str::to_owned).ok_or(format!("One or more parameter values are not valid: the key {name}"))
    };
    Ok((part("pk")?, part("sk")?))
}

/// The bytes of names and values, as DynamoDB counts texts.
fn size(item: &Item) -> usize {
    let of = |value: &Value| value["S"].as_str().map_or(8, str::len);
    item.iter().map(|(name, value)| name.len() + of(value)).sum()
}
