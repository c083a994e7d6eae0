//! From a checked scenario to a network that runs.

use super::model::{File, FileBody, FtpServerSpec, Scenario, SessionSpec, Target};
use crate::engine::{LimitReached, Limits, Simulation};
use crate::firewall::{Action, Chain, Firewall, Hook, NatTarget, Policy, Resolver, Rule, Test};
use crate::ftp::{ClientConfig, ClientSession, FileSystem, Server, ServerConfig};
use crate::ids::{NodeId, RuleId, SessionId};
use crate::network::{LOOPBACK, LinkSettings, Topology};
use crate::packet::Endpoint;
use crate::tcp;
use crate::time::Instant;
use crate::trace::{LinkInfo, NodeInfo, Observer, Recorder, RuleInfo, SessionInfo, Trace};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

impl Scenario {
    /// Runs the scenario to its end and records everything.
    pub fn run(&self) -> Result<Trace, LimitReached> {
        let mut simulation = self.build(Recorder { trace: self.names() });
        simulation.run(self.run_limits())?;
        Ok(simulation.into_observer().trace)
    }

    /// The limits of a run, for the engine.
    pub fn run_limits(&self) -> Limits {
        Limits {
            time: Instant::START + self.limits.time,
            frames: usize::try_from(self.limits.frames).unwrap_or(usize::MAX),
            ..Limits::default()
        }
    }

    /// A trace without frames that knows every name.
    pub fn names(&self) -> Trace {
        let mut owners = BTreeMap::new();
        for (node, number) in self.nodes.iter().zip(0..) {
            for net in node.interfaces.iter().flat_map(|interface| &interface.addresses) {
                owners.entry(net.addr()).or_insert(NodeId(number));
            }
        }
        Trace {
            title: self.title.clone(),
            title_zh: self.title_zh.clone(),
            owners,
            seed: self.seed,
            nodes: self
                .nodes
                .iter()
                .zip(0..)
                .map(|(node, position)| NodeInfo {
                    name: node.name.clone(),
                    addresses: node.interfaces.iter().flat_map(|i| &i.addresses).map(|net| net.addr()).collect(),
                    has_firewall: !node.chains.is_empty(),
                    forwards: node.forward,
                    redirects: self.redirects(position),
                    down: node.down,
                })
                .collect(),
            links: self
                .links
                .iter()
                .map(|link| LinkInfo { ends: link.ends.map(|end| NodeId(end.node as u32)) })
                .collect(),
            rules: self
                .rules
                .iter()
                .map(|rule| RuleInfo {
                    node: NodeId(rule.node as u32),
                    hook: rule.hook,
                    sets_helper: rule.rule.as_ref().is_some_and(|rule| rule.sets_helper),
                    lets_related: rule.rule.as_ref().is_some_and(Rule::lets_related),
                    is_policy: rule.rule.is_none(),
                    text: rule.text.clone(),
                    line: rule.line,
                })
                .collect(),
            sessions: self
                .sessions
                .iter()
                .map(|session| SessionInfo {
                    client: NodeId(session.client as u32),
                    called: self.target_address(session).map(|ip| Endpoint::new(ip, session.port)),
                    mode: session.mode,
                    controls: Vec::new(),
                })
                .collect(),
            ..Trace::default()
        }
    }

    /// The network at rest, with its servers listening and its clients about to begin.
    pub fn build<O: Observer>(&self, observer: O) -> Simulation<O> {
        let config = tcp::Config { syn_retries: self.syn_retries, ..tcp::Config::default() };
        let mut simulation = Simulation::new(self.topology(), self.seed, config, observer);
        for (index, node) in self.nodes.iter().enumerate() {
            let id = NodeId(index as u32);
            if node.down {
                simulation.set_down(id);
            }
            if !node.chains.is_empty() {
                simulation.set_firewall(id, self.firewall(index));
            }
            if let Some(spec) = &node.ftp_server
                && !node.down
            {
                simulation.add_server(id, spec.port, Server::new(server_config(spec)));
            }
        }
        for (index, session) in self.sessions.iter().enumerate() {
            let Some(ip) = self.target_address(session) else { continue };
            let client = ClientSession::new(Arc::new(client_config(session)));
            let start = Instant::START + session.start;
            simulation.add_client(
                NodeId(session.client as u32),
                SessionId(index as u32),
                Endpoint::new(ip, session.port),
                start,
                client,
            );
            if let Some(ip) = session.second_server.and_then(|second| self.address_of(second)) {
                let second = Endpoint::new(ip, session.second_port);
                simulation.set_second_server(NodeId(session.client as u32), second);
            }
        }
        simulation
    }

    pub(crate) fn topology(&self) -> Topology {
        let mut topology = Topology::default();
        for node in &self.nodes {
            topology.add_node(&node.name, node.forward);
        }
        for link in &self.links {
            let addresses = link.ends.map(|end| self.nodes[end.node].interfaces[end.interface].addresses.clone());
            let [a, b] = link.ends.map(|end| NodeId(end.node as u32));
            let settings =
                LinkSettings { delay: link.delay, bandwidth: link.bandwidth, queue: link.queue, mtu: link.mtu };
            let id = topology.add_link(a, b, addresses, settings);
            topology.set_faults(id, link.faults.clone());
        }
        for (index, node) in self.nodes.iter().enumerate() {
            let id = NodeId(index as u32);
            if let Some(gateway) = node.gateway {
                topology.set_gateway(id, gateway as u16);
            }
            for (network, hop) in &node.routes {
                topology.add_route(id, *network, *hop);
            }
            for interface in self.translating_interfaces(index) {
                topology.hide_behind(id, interface);
            }
        }
        topology
    }

    /// The interfaces where a node translates the source of what it forwards: `oifname "internet" masquerade`.
    fn translating_interfaces(&self, index: usize) -> Vec<u16> {
        let node = &self.nodes[index];
        let rules = node.chains.iter().filter(|chain| chain.hook == Hook::Postrouting).flat_map(|chain| &chain.rules);
        let translating = rules.filter_map(|id| self.rule(*id)?.rule.as_ref()).filter(|rule| {
            matches!(rule.action, Some(Action::Nat(NatTarget::Masquerade { .. } | NatTarget::Source { .. })))
        });
        let names = translating.flat_map(|rule| &rule.matches).filter_map(|m| match &m.test {
            Test::OutInterface(names) if !m.negated => Some(names),
            _ => None,
        });
        let position = |name: &String| node.interfaces.iter().position(|i| i.name == *name).map(|number| number as u16);
        names.flatten().filter_map(position).collect()
    }

    fn firewall(&self, index: usize) -> Firewall {
        let node = &self.nodes[index];
        let interface = |name: &str| {
            if name == "lo" {
                return Some(LOOPBACK);
            }
            node.interfaces.iter().position(|i| i.name == name).map(|number| number as u16)
        };
        let chain =
            |name: &str| node.named_chains.iter().position(|chain| chain.name == name).map(|number| number as u16);
        let names = Resolver { interface: &interface, chain: &chain };
        let mut firewall = Firewall::default();
        for spec in &node.named_chains {
            let mut chain = Chain::new(Policy::Accept, RuleId::default());
            for id in &spec.rules {
                if let Some(rule) = self.rule(*id).and_then(|spec| spec.rule.as_ref()) {
                    chain.push(*id, rule, names);
                }
            }
            firewall.add_chain(chain);
        }
        for spec in &node.chains {
            // A chain of the file is up to three of nftables': what exempts from tracking comes before it, and NAT rules
            // have their own at each hook.
            let mut chain = Chain::new(spec.policy, spec.policy_rule);
            let mut nat = Chain::new(Policy::Accept, spec.policy_rule);
            let mut raw = Chain::new(Policy::Accept, spec.policy_rule);
            let (mut filters, mut translates, mut exempts) = (spec.policy == Policy::Drop, false, false);
            for id in &spec.rules {
                let Some(rule) = self.rule(*id).and_then(|spec| spec.rule.as_ref()) else { continue };
                if rule.notrack {
                    raw.push(*id, rule, names);
                    exempts = true;
                } else if matches!(rule.action, Some(Action::Nat(_))) {
                    nat.push(*id, rule, names);
                    translates = true;
                } else {
                    chain.push(*id, rule, names);
                    filters = true;
                }
            }
            if filters || !(translates || exempts) {
                firewall.set_chain(spec.hook, chain);
            }
            if translates {
                firewall.set_nat(spec.hook, nat);
            }
            if exempts {
                firewall.set_raw(spec.hook, raw);
            }
        }
        if let Some(conntrack) = firewall.conntrack_mut() {
            conntrack.loose_helper = node.loose_helper;
            conntrack.loose = node.loose_tracking;
            conntrack.timeouts = node.conntrack_timeouts;
        }
        firewall
    }

    /// The address that a session's client calls.
    pub(crate) fn target_address(&self, session: &SessionSpec) -> Option<IpAddr> {
        self.address_of(session.server)
    }

    /// The address that a client calls to reach `target`.
    pub(crate) fn address_of(&self, target: Target) -> Option<IpAddr> {
        match target {
            Target::Address(ip) => Some(ip),
            Target::Node(node) => {
                let all = || self.nodes[node].interfaces.iter().flat_map(|i| &i.addresses).map(|net| net.addr());
                all().find(IpAddr::is_ipv4).or_else(|| all().next())
            }
        }
    }

    /// Whether a rule of a node leads connections elsewhere.
    fn redirects(&self, node: usize) -> bool {
        let own = self.rules.iter().filter(|rule| rule.node == node).filter_map(|rule| rule.rule.as_ref());
        own.filter_map(|rule| rule.action.as_ref()).any(Action::redirects)
    }
}

fn file_system(files: &[File]) -> FileSystem {
    let mut system = FileSystem::new();
    for (path, body) in files {
        let body = match body {
            FileBody::Text(text) => Bytes::copy_from_slice(text.as_bytes()),
            FileBody::Size(size) => FileSystem::generated(*size),
        };
        system.add(path, body);
    }
    system
}

fn server_config(spec: &FtpServerSpec) -> ServerConfig {
    ServerConfig { files: file_system(&spec.files), ..spec.config.clone() }
}

fn client_config(spec: &SessionSpec) -> ClientConfig {
    let defaults = ClientConfig::default();
    ClientConfig {
        software: spec.software,
        mode: spec.mode,
        user: spec.user.clone().unwrap_or(defaults.user),
        password: spec.password.clone().unwrap_or(defaults.password),
        run: spec.run.clone(),
        ignore_pasv_address: spec.ignore_passive_address,
        active_ports: spec.active_ports,
        active_address: spec.active_address,
        tls: spec.tls,
        connect_timeout: spec.connect_timeout,
        reply_timeout: spec.reply_timeout.or(Some(spec.software.patience(spec.connect_timeout))),
        max_retries: spec.max_retries.unwrap_or(defaults.max_retries),
        reconnect_interval: spec.reconnect_interval.unwrap_or(defaults.reconnect_interval),
        files: file_system(&spec.files),
    }
}
