//! Words for outcomes, modes, channels, fates: what views write outside of sentences.

use super::{Id, Messages};
use crate::firewall::{CtState, Verdict};
use crate::ftp::{CommandResult, DataError, Mode};
use crate::packet::Channel;
use crate::trace::{Fate, Loss, MilestoneKind};

/// What became of a step or transfer: `the server refused with 425`.
pub fn command_result(messages: &Messages, result: CommandResult) -> String {
    let because = |id, error| messages.format(id, &[("error", &data_error(messages, error))]);
    match result {
        CommandResult::Ok => messages.text(Id::ResultOk),
        CommandResult::Reply(code) => messages.format(Id::ResultReply, &[("code", &format!("{code:03}"))]),
        CommandResult::Connect(error) => because(Id::ResultConnect, error),
        CommandResult::Lost(error) => because(Id::ResultLost, error),
        CommandResult::Closed => messages.text(Id::ResultClosed),
        CommandResult::NoAnswer => messages.text(Id::ResultNoAnswer),
        CommandResult::BadReply => messages.text(Id::ResultBadReply),
        CommandResult::AddressMismatch => messages.text(Id::ResultAddressMismatch),
        CommandResult::Incomplete => messages.text(Id::ResultIncomplete),
        CommandResult::NotRun => messages.text(Id::ResultNotRun),
    }
}

/// The error that a program sees: `connection refused (ECONNREFUSED)`.
pub fn data_error(messages: &Messages, error: DataError) -> String {
    messages.text(match error {
        DataError::Refused => Id::ErrorRefused,
        DataError::HostUnreachable => Id::ErrorHostUnreachable,
        DataError::NetUnreachable => Id::ErrorNetUnreachable,
        DataError::Prohibited => Id::ErrorProhibited,
        DataError::NoProtocol => Id::ErrorNoProtocol,
        DataError::TimedOut => Id::ErrorTimedOut,
        DataError::Reset => Id::ErrorReset,
        DataError::Invalid => Id::ErrorInvalid,
        DataError::NoPort => Id::ErrorNoPort,
    })
}

/// How a data connection is arranged: `active mode`.
pub fn mode_name(messages: &Messages, mode: Mode) -> String {
    messages.text(match mode {
        Mode::Active => Id::ModeActive,
        Mode::Passive => Id::ModePassive,
        Mode::ActiveEprt => Id::ModeActiveEprt,
        Mode::PassiveEpsv => Id::ModePassiveEpsv,
    })
}

/// A channel: `control connection`, or `connection` where it is not known.
pub fn channel_name(messages: &Messages, channel: Option<Channel>) -> String {
    messages.text(match channel {
        Some(Channel::Control) => Id::ChannelControl,
        Some(Channel::Data) => Id::ChannelData,
        None => Id::ChannelUnknown,
    })
}

/// Why a frame is worth stopping at: `somebody knocks`.
pub fn milestone_name(messages: &Messages, kind: MilestoneKind) -> String {
    messages.text(match kind {
        MilestoneKind::Door => Id::MilestoneDoor,
        MilestoneKind::Knock => Id::MilestoneKnock,
        MilestoneKind::Handshake => Id::MilestoneHandshake,
        MilestoneKind::Command => Id::MilestoneCommand,
        MilestoneKind::Reply => Id::MilestoneReply,
        MilestoneKind::PacketLost => Id::MilestoneDeath,
        MilestoneKind::Failure => Id::MilestoneFailure,
        MilestoneKind::Transfer => Id::MilestoneTransfer,
    })
}

/// What a firewall did to a packet: `dropped`.
pub fn verdict_name(messages: &Messages, verdict: Verdict) -> String {
    messages.text(match verdict {
        Verdict::Accept => Id::VerdictAccept,
        Verdict::Drop => Id::VerdictDrop,
        Verdict::Reject(_) => Id::VerdictReject,
    })
}

/// How a packet's way ended: `delivered`.
pub fn fate_name(messages: &Messages, fate: Fate) -> String {
    messages.text(match fate {
        Fate::Delivered => Id::FateDelivered,
        Fate::Dropped => Id::FateDropped,
        Fate::Rejected => Id::FateRejected,
        Fate::Lost => Id::FateLost,
        Fate::Travelling => Id::FateTravelling,
    })
}

/// Why a packet ended without a firewall: `there is no route`.
pub fn loss_reason(messages: &Messages, loss: Loss) -> String {
    messages.text(match loss {
        Loss::QueueFull => Id::LossQueueFull,
        Loss::NoRoute => Id::LossNoRoute,
        Loss::NoNeighbour => Id::LossNoNeighbour,
        Loss::TtlExpired => Id::LossTtlExpired,
        Loss::NotForwarding => Id::LossNotForwarding,
        Loss::CutCommand => Id::LossCutCommand,
        Loss::LineLoss => Id::LossLineLoss,
        Loss::LinkDown => Id::LossLinkDown,
        Loss::TooLarge => Id::LossTooLarge,
        Loss::Clash => Id::LossClash,
        Loss::Blackhole => Id::LossBlackhole,
        Loss::Martian => Id::LossMartian,
        Loss::UnreachableRoute => Id::LossUnreachableRoute,
        Loss::ProhibitedRoute => Id::LossProhibitedRoute,
    })
}

/// What connection tracking thinks of a packet: nftables' word, in Chinese with a translation.
pub fn ct_state(messages: &Messages, state: CtState) -> String {
    messages.text(match state {
        CtState::New => Id::CtNew,
        CtState::Established => Id::CtEstablished,
        CtState::Related => Id::CtRelated,
        CtState::Invalid => Id::CtInvalid,
        CtState::Untracked => Id::CtUntracked,
    })
}
