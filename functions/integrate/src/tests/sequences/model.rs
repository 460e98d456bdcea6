//! The promises about builds as a small model: commits are numbers, and an event has its effect at once. It shares no
//! code with the function.

use std::collections::BTreeSet;

/// The origin of a build's commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// A push to a configured branch.
    Branch,
    /// The proposal of this pull request.
    Pull(usize),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Build {
    pub(crate) of: Of,
    pub(crate) commit: u32,
    /// Whether it succeeded; `None` while it runs.
    pub(crate) end: Option<bool>,
    handled: bool,
    /// The pull request that gets the comment.
    merged_from: Option<usize>,
    /// The pull request was closed: no comment follows.
    is_closed: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Pull {
    pub(crate) is_open: bool,
    pub(crate) source: u32,
    pub(crate) merged: Option<u32>,
}

/// An event of AWS, or a request of the function itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Pushed {
        branch: Branch,
        commit: u32,
    },
    Deleted {
        branch: Branch,
        commit: u32,
    },
    Proposed {
        pull: usize,
        commit: u32,
    },
    Closed {
        pull: usize,
        commit: u32,
    },
    Merged {
        pull: usize,
        commit: u32,
    },
    /// `is_anonymous`: the event does not carry the build's environment variables.
    Ended {
        build: usize,
        is_anonymous: bool,
    },
    /// The function requests that a commit is decided.
    Requested {
        commit: u32,
        merged_from: Option<usize>,
        execution: Option<usize>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Branch {
    Main,
    /// Configured, too.
    Release,
    /// Not configured.
    Feature,
}

/// The policy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// The repository holds the training pipeline's definition.
    pub(crate) has_definition: bool,
    /// CodePipeline builds pushed commits; CodeBuild builds proposed commits in any case.
    pub(crate) by_pipeline: bool,
}

/// A comment: its pull request, its commit, and whether it reports a success.
pub(crate) type Comment = (usize, u32, bool);

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) rules: Rules,
    pub(crate) heads: [Option<u32>; 3],
    pub(crate) pulls: Vec<Pull>,
    pub(crate) builds: Vec<Build>,
    pub(crate) trained: BTreeSet<u32>,
    pub(crate) failed: BTreeSet<u32>,
    pub(crate) comments: Vec<Comment>,
    /// The commits whose definitions the pipeline was given, in order.
    pub(crate) definitions: Vec<u32>,
    pub(crate) deletions: BTreeSet<(Branch, u32)>,
    commits: u32,
}

impl Model {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            rules,
            heads: [None; 3],
            pulls: Vec::new(),
            builds: Vec::new(),
            trained: BTreeSet::new(),
            failed: BTreeSet::new(),
            comments: Vec::new(),
            definitions: Vec::new(),
            deletions: BTreeSet::new(),
            commits: 0,
        }
    }

    pub(crate) fn new_commit(&mut self) -> u32 {
        self.commits += 1;
        self.commits
    }

    pub(crate) fn head(&mut self, branch: Branch) -> &mut Option<u32> {
        &mut self.heads[branch as usize]
    }

    fn is_configured_head(&self, commit: u32) -> bool {
        [Branch::Main, Branch::Release].iter().any(|branch| self.heads[*branch as usize] == Some(commit))
    }

    fn position(&self, of: Of, commit: u32) -> Option<usize> {
        self.builds.iter().position(|build| build.of == of && build.commit == commit)
    }

    /// Each commit is built once for each thing that it is built for.
    fn build(&mut self, of: Of, commit: u32) -> usize {
        self.position(of, commit).unwrap_or_else(|| {
            self.builds.push(Build { of, commit, end: None, handled: false, merged_from: None, is_closed: false });
            self.builds.len() - 1
        })
    }

    /// Applies an event, and returns the request to which it leads.
    pub(crate) fn receive(&mut self, event: Event) -> Option<Event> {
        match event {
            Event::Pushed { branch, commit } => {
                if branch != Branch::Feature && *self.head(branch) == Some(commit) {
                    self.build(Of::Branch, commit);
                }
            }
            Event::Deleted { branch, commit } => {
                if branch != Branch::Feature && self.head(branch).is_none() {
                    self.deletions.insert((branch, commit));
                }
            }
            Event::Proposed { pull, commit } => {
                let actual = self.pulls[pull];
                if actual.is_open && actual.source == commit {
                    self.build(Of::Pull(pull), commit);
                }
            }
            Event::Closed { pull, commit } => {
                if let Some(build) = self.position(Of::Pull(pull), commit)
                    && !self.builds[build].handled
                {
                    self.builds[build].is_closed = true;
                }
            }
            Event::Merged { pull, commit } => {
                return Some(Event::Requested { commit, merged_from: Some(pull), execution: None });
            }
            Event::Ended { build, is_anonymous } => return self.receive_end(build, is_anonymous),
            Event::Requested { commit, merged_from, execution } => self.decide_commit(commit, merged_from, execution),
        }
        None
    }

    fn receive_end(&mut self, build: usize, is_anonymous: bool) -> Option<Event> {
        let Build { of, commit, .. } = self.builds[build];
        match of {
            // An execution's event names no commit: the function requests that the commit is decided.
            Of::Branch if self.rules.by_pipeline => {
                return Some(Event::Requested { commit, merged_from: None, execution: Some(build) });
            }
            Of::Branch => self.handle_end(build),
            // It pretends to be the build of a branch.
            Of::Pull(_) if is_anonymous => {}
            Of::Pull(_) => self.handle_end(build),
        }
        None
    }

    fn decide_commit(&mut self, commit: u32, merged_from: Option<usize>, execution: Option<usize>) {
        let known = execution.or_else(|| self.position(Of::Branch, commit));
        let build = match known {
            Some(build) => build,
            None if *self.head(Branch::Main) == Some(commit) => self.build(Of::Branch, commit),
            None => return,
        };
        let is_news = merged_from.is_some() && self.builds[build].merged_from.is_none();
        self.builds[build].merged_from = self.builds[build].merged_from.or(merged_from);
        match self.builds[build] {
            Build { handled: true, end: Some(well), merged_from: Some(pull), .. } if is_news => {
                self.comments.push((pull, commit, well));
            }
            Build { end: Some(_), .. } => self.handle_end(build),
            _ => {}
        }
    }

    /// Handles the end of a build, once.
    fn handle_end(&mut self, number: usize) {
        let build = self.builds[number];
        let Some(well) = build.end.filter(|_| !build.handled) else { return };
        if let Of::Pull(pull) = build.of {
            if !build.is_closed {
                self.builds[number].handled = true;
                self.comments.push((pull, build.commit, well));
            }
            return;
        }
        self.builds[number].handled = true;
        // A commit that is no head defines no pipeline, and is not trained with another commit's definition.
        if !well {
            self.failed.insert(build.commit);
        } else if !self.rules.has_definition || self.is_configured_head(build.commit) {
            if self.rules.has_definition {
                self.definitions.push(build.commit);
            }
            self.trained.insert(build.commit);
        }
        if let Some(pull) = build.merged_from {
            self.comments.push((pull, build.commit, well));
        }
    }
}
