#if DEBUG || CHAOS
    internal import Glibc

    /// Mistakes that a build for development or chaos can be told to make, so that the checker is seen to find them.
    ///
    /// Each is one that systems of this kind have really made. A release build contains nothing of this.
    package enum PlantedBug: String, CaseIterable, Sendable {
        /// The position is committed before the effects of its records.
        case offsetFirst = "offset_first"
        /// A record is marked as sent before Kafka has it.
        case markBeforePublish = "mark_before_publish"
        /// A commit does not look who owns the partition, nor where it stands.
        case noEpochCheck = "no_epoch_check"
        /// A commit neither locks its sessions nor compares their versions.
        case noSessionLock = "no_session_lock"
        /// Rows of one key are shared out among relays, as `FOR UPDATE SKIP LOCKED` does.
        case skipLockedRelay = "skip_locked_relay"
        /// The relay sends by the rows' time instead of their position.
        case relayByTime = "relay_by_time"
        /// Whether somebody waits is looked up, but no index and no lock keeps it true until it is written.
        case checkThenInsert = "check_then_insert"
        /// Deadlines go by the worker's clock.
        case workerClock = "worker_clock"
        /// A message that was seen before is decided again.
        case noInboxUniqueness = "no_inbox_uniqueness"
        /// Replies are taken for whatever is waited for now.
        case unboundReplies = "unbound_replies"
        /// A record that Kafka did not confirm is tried again in the background, and counts as sent meanwhile.
        case retryInProcess = "retry_in_process"
        /// A message of an unknown type is skipped.
        case unknownTypeSkipped = "unknown_type_skipped"
        /// Later rows of a key do not wait for one that failed.
        case failedKeyPasses = "failed_key_passes"
        /// No mistake: some records fail, as with brokers in trouble. With this everything must be as always.
        case failingRecords = "failing_records"
        /// A commit whose answer was lost is taken as failed.
        case lostAnswerIsFailure = "lost_answer_is_failure"

        package static let variable = "GENESIS_PLANTED_BUG"

        /// The mistake that this process is told to make.
        package static let ofThisProcess: PlantedBug? = {
            guard let text = getenv(variable).map({ String(cString: $0) }), !text.isEmpty else { return nil }
            guard let bug = PlantedBug(rawValue: text) else { _exit(64) }
            return bug
        }()
    }
#endif
