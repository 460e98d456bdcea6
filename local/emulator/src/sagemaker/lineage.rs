//! ML Lineage Tracking, which moto lacks: artifacts, actions, contexts and their associations.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::wire::{ApiError, ApiResult, Input, page, time};
use crate::world::{World, lock};

/// The lineage entities.
#[derive(Debug, Default)]
pub(crate) struct Tracked {
    entities: Vec<Entity>,
    links: Vec<Link>,
}

#[derive(Debug, Clone)]
struct Entity {
    kind: Kind,
    name: String,
    arn: String,
    of_type: String,
    source: Value,
    status: Option<String>,
    properties: Value,
    created: Timestamp,
    modified: Timestamp,
}

#[derive(Debug, Clone)]
struct Link {
    from: String,
    to: String,
    kind: Option<String>,
    created: Timestamp,
}

/// The three kinds of entities, with the prefix of their API fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Artifact,
    Action,
    Context,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Artifact => "Artifact",
            Self::Action => "Action",
            Self::Context => "Context",
        }
    }

    fn field(self, suffix: &str) -> String {
        format!("{}{suffix}", self.word())
    }
}

pub(crate) fn create(world: &World, kind: Kind, input: Input<'_>) -> ApiResult {
    let source = input.get("Source").filter(|source| source.get("SourceUri").is_some_and(Value::is_string));
    let source = source.ok_or_else(|| ApiError::validation("1 validation error detected: Value null at 'source.sourceUri' failed to satisfy constraint: Member must not be null"))?.clone();
    let of_type = input.need(&kind.field("Type"))?.to_owned();
    let named = input.text(&kind.field("Name"));
    let tracked = &mut lock(&world.sagemaker).lineage;
    let id = match (kind, named) {
        // In SageMaker an artifact's ARN contains a digest.
        (Kind::Artifact, _) => format!("{:032x}", tracked.entities.len() + 1),
        (_, Some(name)) => name.to_lowercase(),
        (_, None) => return Err(ApiError::validation(format!("{} is required", kind.field("Name")))),
    };
    let arn = world.arn("sagemaker", &format!("{}/{id}", kind.word().to_lowercase()));
    let name = named.unwrap_or(&id).to_owned();
    let same = |entity: &&Entity| {
        let twin = kind == Kind::Artifact && entity.source == source && entity.of_type == of_type;
        entity.kind == kind && (entity.name == name || twin)
    };
    if let Some(known) = tracked.entities.iter().find(same) {
        return Err(ApiError::validation(format!("{} {} already exists", kind.word(), known.arn)));
    }
    let now = Timestamp::now();
    let response = json!({(kind.field("Arn")): arn});
    let status = input.text("Status").map(str::to_owned);
    let properties = input.get("Properties").cloned().unwrap_or_else(|| json!({}));
    let entity = Entity { kind, name, arn, of_type, source, status, properties, created: now, modified: now };
    tracked.entities.push(entity);
    Ok(response)
}

pub(crate) fn describe(world: &World, kind: Kind, input: Input<'_>) -> ApiResult {
    let tracked = &lock(&world.sagemaker).lineage;
    let entity = tracked.named(kind, input)?;
    let mut found = entity.summary();
    put(&mut found, "Properties", entity.properties.clone());
    Ok(found)
}

pub(crate) fn update_action(world: &World, input: Input<'_>) -> ApiResult {
    let tracked = &mut lock(&world.sagemaker).lineage;
    let arn = tracked.named(Kind::Action, input)?.arn.clone();
    for entity in tracked.entities.iter_mut().filter(|entity| entity.arn == arn) {
        entity.status = input.text("Status").map(str::to_owned).or(entity.status.take());
        entity.modified = Timestamp::now();
    }
    Ok(json!({"ActionArn": arn}))
}

pub(crate) fn list(world: &World, kind: Kind, input: Input<'_>) -> ApiResult {
    let tracked = &lock(&world.sagemaker).lineage;
    let wanted = |entity: &&Entity| {
        entity.kind == kind
            && input
                .text("SourceUri")
                .is_none_or(|uri| entity.source.get("SourceUri").and_then(Value::as_str) == Some(uri))
            && input.text(&kind.field("Type")).is_none_or(|of_type| entity.of_type == of_type)
    };
    let all: Vec<Value> = tracked.entities.iter().filter(wanted).map(Entity::summary).collect();
    let (all, next) = page(all, input, "MaxResults", "NextToken")?;
    Ok(listed(&kind.field("Summaries"), &all, next))
}

pub(crate) fn associate(world: &World, input: Input<'_>) -> ApiResult {
    let (from, to) = (input.need("SourceArn")?.to_owned(), input.need("DestinationArn")?.to_owned());
    let tracked = &mut lock(&world.sagemaker).lineage;
    for arn in [&from, &to] {
        if !tracked.entities.iter().any(|entity| entity.arn == *arn) {
            return Err(ApiError::new("ResourceNotFound", format!("Lineage entity {arn} does not exist")));
        }
    }
    if tracked.links.iter().any(|link| link.from == from && link.to == to) {
        return Err(ApiError::validation(format!("Association between {from} and {to} already exists")));
    }
    let response = json!({"SourceArn": from, "DestinationArn": to});
    let kind = input.text("AssociationType").map(str::to_owned);
    tracked.links.push(Link { from, to, kind, created: Timestamp::now() });
    Ok(response)
}

pub(crate) fn associations(world: &World, input: Input<'_>) -> ApiResult {
    let tracked = &lock(&world.sagemaker).lineage;
    let wanted = |link: &&Link| {
        input.text("SourceArn").is_none_or(|arn| link.from == arn)
            && input.text("DestinationArn").is_none_or(|arn| link.to == arn)
    };
    let of_type =
        |arn: &str| tracked.entities.iter().find(|entity| entity.arn == arn).map(|found| found.of_type.clone());
    let summary = |link: &Link| {
        let mut summary = json!({"SourceArn": link.from, "DestinationArn": link.to, "SourceType": of_type(&link.from),
            "DestinationType": of_type(&link.to), "CreationTime": time(link.created)});
        if let Some(kind) = &link.kind {
            put(&mut summary, "AssociationType", json!(kind));
        }
        summary
    };
    let all: Vec<Value> = tracked.links.iter().filter(wanted).map(summary).collect();
    let (all, next) = page(all, input, "MaxResults", "NextToken")?;
    Ok(listed("AssociationSummaries", &all, next))
}

/// Adds a field unless its value is null.
fn put(response: &mut Value, field: &str, value: Value) {
    if let Some(fields) = response.as_object_mut() {
        fields.insert(field.to_owned(), value);
    }
}

fn listed(field: &str, all: &[Value], next: Option<String>) -> Value {
    let mut response = json!({(field): all});
    if let Some(next) = next {
        put(&mut response, "NextToken", json!(next));
    }
    response
}

impl Tracked {
    fn named(&self, kind: Kind, input: Input<'_>) -> Result<&Entity, ApiError> {
        let asked = match kind {
            Kind::Artifact => input.need("ArtifactArn")?,
            _ => input.need(&kind.field("Name"))?,
        };
        let known = |entity: &&Entity| entity.kind == kind && (entity.name == asked || entity.arn == asked);
        let missing = || ApiError::new("ResourceNotFound", format!("{} {asked} does not exist", kind.word()));
        self.entities.iter().find(known).ok_or_else(missing)
    }
}

impl Entity {
    fn summary(&self) -> Value {
        let mut found = json!({
            (self.kind.field("Arn")): self.arn,
            (self.kind.field("Name")): self.name,
            (self.kind.field("Type")): self.of_type,
            "Source": self.source,
            "CreationTime": time(self.created),
            "LastModifiedTime": time(self.modified),
        });
        if let Some(status) = &self.status {
            put(&mut found, "Status", json!(status));
        }
        found
    }
}
