//! `[[sessions]]` and `[[expect]]`: what clients do, and what must come of it.

use super::document::{Field, Problems, Table};
use super::links::Topology;
use super::model::{ExpectSpec, RuleSpec, SessionSpec, Target};
use super::outcome::Outcome;
use super::server::{files, port_range, timeout};
use crate::ftp::{Mode, Software, Step};
use crate::message::{Message, Phrase, say};
use crate::suggest::quote;
use crate::time::Duration;
use std::net::IpAddr;
use std::ops::Range;
use toml::de::DeValue;

const SESSION_KEYS: [&str; 20] = [
    "client",
    "server",
    "port",
    "mode",
    "run",
    "user",
    "password",
    "start",
    "connect-timeout",
    "reply-timeout",
    "max-retries",
    "reconnect-interval",
    "ignore-passive-address",
    "files",
    "software",
    "active-ports",
    "second-server",
    "second-port",
    "active-address",
    "tls",
];
const EXPECT_KEYS: [&str; 7] = ["command", "outcome", "at", "mode", "reply", "session", "rule"];
const MOST_SESSIONS: usize = 1000;
const MOST_COMMANDS: usize = 10_000;
const LONGEST_COMMAND: usize = 400;
const LONGEST_WORD: usize = 64;

/// A session, and where it says between whom.
pub(super) struct SessionDraft {
    pub(super) spec: SessionSpec,
    pub(super) client_span: Range<usize>,
    pub(super) server_span: Range<usize>,
}

/// What `[[sessions]]` gives.
#[derive(Default)]
pub(super) struct Sessions {
    /// Those that were understood.
    pub(super) drafts: Vec<SessionDraft>,
    /// The commands of every session, by session as numbered in the file.
    commands: Vec<Vec<String>>,
    /// Whether all commands were understood.
    complete: bool,
}

/// Reads `sessions`. `bytes` counts what all files of the scenario hold.
pub(super) fn read(problems: &mut Problems<'_>, root: &Table<'_>, topology: &Topology, bytes: &mut u64) -> Sessions {
    let mut sessions = Sessions::default();
    let Some(field) = problems.required(root, say!("the scenario"), "sessions", "[[sessions]]").cloned() else {
        return sessions;
    };
    let Some(items) = problems.list(&field, say!("a session"), "[[sessions]]") else { return sessions };
    if items.is_empty() {
        problems.error(
            field.span(),
            say!("a scenario has at least one session"),
            say!("add `[[sessions]]` with `client`, `server` and `run`"),
        );
    }
    if items.len() > MOST_SESSIONS {
        problems.error(field.key_span.clone(), say!("a scenario has at most {} sessions", MOST_SESSIONS), Phrase::NONE);
        return sessions;
    }
    sessions.complete = !problems.may_miss("session");
    for item in &items {
        sessions.drafts.extend(session(problems, item, topology, bytes));
        // As written, the misspelt ones too: what names one of these is no second mistake.
        let written = commands_as_written(item);
        sessions.complete &= written.is_some();
        sessions.commands.push(written.unwrap_or_default());
    }
    sessions
}

fn session(
    problems: &mut Problems<'_>,
    item: &Field<'_>,
    topology: &Topology,
    bytes: &mut u64,
) -> Option<SessionDraft> {
    let table = problems.table(item, "[[sessions]]")?;
    problems.known(&table, say!("a session"), &SESSION_KEYS);
    let client = problems.required(&table, say!("the session"), "client", "client = \"client\"").cloned();
    let server = problems.required(&table, say!("the session"), "server", "server = \"server\"").cloned();
    let commands = run(problems, &table);
    let software = Software::ALL.map(|software| (software.name(), software));
    let mut spec = SessionSpec {
        client: 0,
        server: Target::Node(0),
        port: table.get("port").and_then(|field| problems.port(field)).unwrap_or(21),
        second_server: table.get("second-server").and_then(|field| target(problems, field, topology)),
        second_port: table.get("second-port").and_then(|field| problems.port(field)).unwrap_or(21),
        software: table.get("software").and_then(|field| problems.choice(field, &software)).unwrap_or_default(),
        mode: table.get("mode").and_then(|field| problems.choice(field, &modes())).unwrap_or_default(),
        run: commands.unwrap_or_default(),
        user: word(problems, &table, "user"),
        password: word(problems, &table, "password"),
        start: table.get("start").and_then(|field| problems.duration(field)).unwrap_or(Duration::ZERO),
        connect_timeout: table.get("connect-timeout").and_then(|field| timeout(problems, field)),
        reply_timeout: table.get("reply-timeout").and_then(|field| timeout(problems, field)),
        max_retries: table
            .get("max-retries")
            .and_then(|field| problems.integer(field, 1..=1000))
            .map(|count| count as u32),
        reconnect_interval: table.get("reconnect-interval").and_then(|field| timeout(problems, field)),
        ignore_passive_address: table.get("ignore-passive-address").and_then(|field| problems.boolean(field)),
        active_ports: table.get("active-ports").and_then(|field| port_range(problems, field, "active-ports")),
        active_address: table.get("active-address").and_then(|field| active_address(problems, field)),
        tls: table.get("tls").and_then(|field| problems.boolean(field)).unwrap_or_default(),
        files: table.get("files").map(|field| files(problems, field, bytes)).unwrap_or_default(),
    };
    check_puts(problems, &table, &spec);
    check_copies(problems, &table, &spec);
    if let Some(field) = table.get("tls").filter(|_| spec.tls && !spec.software.knows_tls()) {
        let message = say!("{} does not speak TLS", spec.software.name());
        problems.error(field.span(), message, say!("write `software = \"curl\"` or `software = \"lftp\"`"));
    }
    if let Some(field) = table.get("active-address").filter(|_| !spec.software.knows_tls()) {
        let message = say!("{} always names its own address", spec.software.name());
        problems.error(field.span(), message, say!("write `software = \"curl\"` or `software = \"lftp\"`"));
    }
    for key in ["max-retries", "reconnect-interval"] {
        if let Some(field) = table.get(key).filter(|_| spec.software != Software::Lftp) {
            let message = say!("{} does not try again by itself", spec.software.name());
            problems.error(field.span(), message, say!("leave out `{}`, or write `software = \"lftp\"`", key));
        }
    }
    let client_node = client.as_ref().and_then(|client| {
        problems.string(client, "client").and_then(|name| topology.resolve(problems, name, client.span()))
    });
    let target = server.as_ref().and_then(|server| target(problems, server, topology));
    let (client, server) = client.zip(server)?;
    (spec.client, spec.server) = client_node.zip(target)?;
    if spec.server == Target::Node(spec.client) {
        let help = say!("name two different nodes");
        problems.error(server.span(), say!("the client and the server are the same node"), help);
    }
    Some(SessionDraft { spec, client_span: client.span(), server_span: server.span() })
}

fn modes() -> [(&'static str, Mode); 4] {
    [Mode::Passive, Mode::Active, Mode::PassiveEpsv, Mode::ActiveEprt].map(|mode| (mode.name(), mode))
}

fn word(problems: &mut Problems<'_>, table: &Table<'_>, key: &str) -> Option<String> {
    table.get(key).and_then(|field| problems.line_of_text(field, LONGEST_WORD)).map(str::to_owned)
}

/// A node's name or any address.
fn target(problems: &mut Problems<'_>, field: &Field<'_>, topology: &Topology) -> Option<Target> {
    let name = problems.string(field, "server")?;
    if let Some(node) = topology.find(name) {
        return Some(Target::Node(node));
    }
    match name.parse::<IpAddr>() {
        Ok(address) if address.is_unspecified() || address.is_multicast() || address.is_loopback() => {
            let help = say!("write the name of a node or a usual address, which may be nobody's");
            problems.error(field.span(), say!("no connection can go to {}", address), help);
            None
        }
        Ok(address) => Some(Target::Address(address)),
        Err(_) => topology.resolve(problems, name, field.span()).map(Target::Node),
    }
}

/// Any address of a host: whether it makes sense is for the run to show.
fn active_address(problems: &mut Problems<'_>, field: &Field<'_>) -> Option<IpAddr> {
    let text = problems.string(field, "active-address = \"198.51.100.1\"")?;
    match text.trim().parse::<IpAddr>() {
        Ok(address) if address.is_unspecified() || address.is_multicast() => {
            problems.error(
                field.span(),
                say!("{} is no host's address", address),
                say!("write for example `198.51.100.1`"),
            );
            None
        }
        Ok(address) => Some(address),
        Err(_) => {
            let help = say!("write the address that PORT shall name, for example `198.51.100.1`");
            problems.error(field.span(), say!("{} is not an address", quote(text)), help);
            None
        }
    }
}

/// The strings of a session's `run`; `None` if there is no list of strings.
fn commands_as_written(session: &Field<'_>) -> Option<Vec<String>> {
    let run = session.value.get_ref().as_table()?.get("run")?.get_ref().as_array()?;
    run.iter().map(|command| command.get_ref().as_str().map(str::to_owned)).collect()
}

/// The commands, if all are good.
fn run(problems: &mut Problems<'_>, table: &Table<'_>) -> Option<Vec<String>> {
    let field = problems.required(table, say!("the session"), "run", "run = [\"ls\"]")?.clone();
    let items = problems.list(&field, say!("a command"), "run = [\"ls\", \"get readme.txt\"]")?;
    if items.is_empty() {
        problems.error(field.span(), say!("this session does nothing"), say!("write for example `run = [\"ls\"]`"));
    }
    if items.len() > MOST_COMMANDS {
        problems.error(field.key_span.clone(), say!("a session has at most {} commands", MOST_COMMANDS), Phrase::NONE);
        return None;
    }
    let mut complete = true;
    let mut understood = Vec::new();
    for item in items {
        let Some(text) = problems.string(&item, "ls") else {
            complete = false;
            continue;
        };
        match check_step(text) {
            Ok(()) => understood.push(text.to_owned()),
            Err((message, help)) => {
                problems.error(item.span(), message, help);
                complete = false;
            }
        }
    }
    complete.then_some(understood)
}

/// `put` needs a file to send.
fn check_puts(problems: &mut Problems<'_>, table: &Table<'_>, spec: &SessionSpec) {
    let Some(field) = table.get("run") else { return };
    // A file whose size is wrong is there all the same.
    let files = table.get("files").and_then(|field| field.value.get_ref().as_table());
    let written = || files.into_iter().flat_map(|files| files.keys()).map(|name| name.get_ref().as_ref());
    let names = || spec.files.iter().map(|(name, _)| name.as_str()).chain(written());
    for item in problems.list(field, say!("a command"), "run = [\"ls\"]").unwrap_or_default() {
        let Some(Ok(Step::Put(name) | Step::Append(name))) = item.value.get_ref().as_str().map(Step::parse) else {
            continue;
        };
        if names().any(|known| known == name) {
            continue;
        }
        let help = match crate::suggest::closest(&name, names()) {
            Some(near) => say!("did you mean `{}`?", near),
            None => say!("give the session `files = { \"{}\" = \"2 kB\" }`", name.escape_debug().to_string()),
        };
        problems.error(item.span(), say!("this client has no file {}", quote(&name)), help);
    }
}

/// `fxp` needs a second server, and a program that can.
fn check_copies(problems: &mut Problems<'_>, table: &Table<'_>, spec: &SessionSpec) {
    let Some(field) = table.get("run") else { return };
    for item in problems.list(field, say!("a command"), "run = [\"ls\"]").unwrap_or_default() {
        if !matches!(item.value.get_ref().as_str().map(Step::parse), Some(Ok(Step::Copy(_)))) {
            continue;
        }
        if spec.software != Software::Lftp {
            let message = say!("{} does not copy from server to server", spec.software.name());
            problems.error(item.span(), message, say!("write `software = \"lftp\"`"));
        } else if table.get("second-server").is_none() {
            let help = say!("give the session `second-server = \"NODE\"`");
            problems.error(item.span(), say!("this session has no server to copy to"), help);
        }
    }
    if let Some(field) = table.get("second-server").filter(|_| spec.software != Software::Lftp) {
        let message = say!("{} does not copy from server to server", spec.software.name());
        problems.error(field.span(), message, say!("write `software = \"lftp\"`"));
    }
}

/// The FTP client's own grammar of steps.
fn check_step(text: &str) -> Result<(), (Message, Message)> {
    let help = say!("write a command such as `ls` or `get readme.txt`").into();
    if text.len() > LONGEST_COMMAND {
        return Err((say!("a command has at most {} bytes", LONGEST_COMMAND), help));
    }
    Step::parse(text).map(|_| ()).map_err(|error| (error.message(), help))
}

/// Reads `expect`, against what the sessions run and the rules that there are.
pub(super) fn expects(
    problems: &mut Problems<'_>,
    root: &Table<'_>,
    topology: &Topology,
    sessions: &Sessions,
    rules: &[RuleSpec],
) -> Vec<ExpectSpec> {
    let items = root.get("expect").and_then(|field| problems.list(field, say!("an expectation"), "[[expect]]"));
    let items = items.unwrap_or_default();
    items.iter().filter_map(|item| expect(problems, item, (root, topology), sessions, rules)).collect()
}

fn expect(
    problems: &mut Problems<'_>,
    item: &Field<'_>,
    (root, topology): (&Table<'_>, &Topology),
    sessions: &Sessions,
    rules: &[RuleSpec],
) -> Option<ExpectSpec> {
    let table = problems.table(item, "[[expect]]")?;
    problems.known(&table, say!("an expectation"), &EXPECT_KEYS);
    let session = table.get("session").and_then(|field| session_number(problems, field, sessions));
    let command = problems.required(&table, say!("the expectation"), "command", "command = \"ls\"").cloned();
    let command = command.and_then(|field| ordered(problems, &field, sessions, session));
    let outcome = problems.required(&table, say!("the expectation"), "outcome", "outcome = \"ok\"").cloned();
    let outcome =
        outcome.and_then(|field| problems.choice(&field, &Outcome::ALL.map(|outcome| (outcome.name(), outcome))));
    let at = table.get("at").and_then(|field| {
        let name = problems.string(field, "office")?;
        topology.resolve(problems, name, field.span())
    });
    let mode = table.get("mode").and_then(|field| problems.choice(field, &modes()));
    let reply = table.get("reply").and_then(|field| problems.integer(field, 100..=599)).map(|code| code as u16);
    let rule = table.get("rule").and_then(|field| deciding_rule(problems, field, at, (root, topology), rules));
    let line = problems.line(item.span().start);
    Some(ExpectSpec { command: command?, outcome: outcome?, at, mode, reply, session, rule, line })
}

/// `session`, counted from 1 in the file and from 0 here.
fn session_number(problems: &mut Problems<'_>, field: &Field<'_>, sessions: &Sessions) -> Option<usize> {
    let number = problems.integer(field, 1..=MOST_SESSIONS as u64)? as usize;
    let count = sessions.commands.len();
    if number > count && sessions.complete {
        problems.error(
            field.span(),
            say!("there is no session {}", number),
            say!("the sessions are counted from 1 to {}", count),
        );
        return None;
    }
    Some(number - 1)
}

/// A command that a session runs.
fn ordered(
    problems: &mut Problems<'_>,
    field: &Field<'_>,
    sessions: &Sessions,
    session: Option<usize>,
) -> Option<String> {
    let command = problems.string(field, "ls")?;
    let lists = || sessions.commands.iter().enumerate().filter(|(at, _)| session.is_none_or(|wanted| wanted == *at));
    let commands = || lists().flat_map(|(_, run)| run).map(String::as_str);
    if sessions.complete && !commands().any(|run| run == command) {
        let message = match session {
            Some(at) => say!("session {} does not run {}", at + 1, quote(command)),
            None => say!("no session runs {}", quote(command)),
        };
        let help = match problems.closest(command, commands()) {
            Some(near) => say!("did you mean `{}`?", near),
            None => say!("`command` is an entry of `run`, exactly as written there").into(),
        };
        problems.error(field.span(), message, help);
        return None;
    }
    Some(command.to_owned())
}

/// Whether a rule that was not understood may be the one that is meant.
fn may_be_broken(root: &Table<'_>, text: &str) -> bool {
    fn broken<'d>(value: &'d DeValue<'_>, under_rules: bool, found: &mut Vec<&'d str>) {
        match value {
            DeValue::String(rule) if under_rules && crate::firewall::parse_rule(rule).is_err() => {
                found.push(rule.trim());
            }
            DeValue::Array(items) => items.iter().for_each(|item| broken(item.get_ref(), under_rules, found)),
            DeValue::Table(table) => {
                for (key, value) in table {
                    broken(value.get_ref(), under_rules || key.get_ref() == "rules", found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    if let Some(nodes) = root.get("nodes") {
        broken(nodes.value.get_ref(), false, &mut found);
    }
    found.contains(&text) || crate::suggest::closest(text, found).is_some()
}

/// The text of a rule at `at`, or of any; or `policy`.
fn deciding_rule(
    problems: &mut Problems<'_>,
    field: &Field<'_>,
    at: Option<usize>,
    (root, topology): (&Table<'_>, &Topology),
    rules: &[RuleSpec],
) -> Option<String> {
    let text = super::firewall::shown(problems.string(field, "policy")?);
    let text = text.as_str();
    let texts = || {
        let here = rules.iter().filter(|rule| at.is_none_or(|node| node == rule.node));
        here.map(|rule| if rule.rule.is_some() { rule.text.as_str() } else { "policy" })
    };
    if !problems.may_miss("rules") && !texts().any(|known| known == text) && !may_be_broken(root, text) {
        let message = match at {
            Some(node) => say!("`{}` does not have a rule {}", topology.nodes[node].name, quote(text)),
            None => say!("no node has a rule {}", quote(text)),
        };
        let help = match problems.closest(text, texts()) {
            Some(near) => say!("did you mean `{}`?", near),
            None => say!("write the rule exactly as in `rules`, or `policy`").into(),
        };
        problems.error(field.span(), message, help);
        return None;
    }
    Some(text.to_owned())
}
