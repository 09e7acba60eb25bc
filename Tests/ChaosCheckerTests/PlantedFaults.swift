import Testing

/// A fault, and the invariant that must see it.
struct PlantedFault: Sendable, CustomTestStringConvertible {
    var invariant: String
    var what: String
    var sql: String
    var testDescription: String { "\(invariant): \(what)" }

    init(_ invariant: String, _ what: String, _ sql: String) {
        (self.invariant, self.what, self.sql) = (invariant, what, sql)
    }

    static func inbox(_ change: String, _ id: String) -> String {
        "UPDATE command_inbox SET \(change) WHERE id = checker.id('\(id)')"
    }
    static func event(_ change: String, _ id: String) -> String {
        "UPDATE domain_events SET \(change) WHERE event_id = checker.id('\(id)')"
    }
    static func handle(_ change: String, _ id: String) -> String {
        "UPDATE flow_resume_handles SET \(change) WHERE id = checker.id('\(id)')"
    }
    static func ended(_ handle: String, _ status: String) -> String {
        """
        metadata = jsonb_build_object('wait_ended', jsonb_build_object('handle_id', checker.id('\(handle)'),
            'status', '\(status)'))
        """
    }
    static func record(_ change: String, _ topic: String, _ offset: Int) -> String {
        "UPDATE checker.records SET \(change) WHERE topic = '\(topic)' AND record_offset = \(offset)"
    }

    static func position(_ change: String, by writer: String = "w9") -> String {
        "SET LOCAL application_name = '\(writer)';; UPDATE kafka_positions SET \(change) WHERE topic = '\(commands)'"
    }
    /// With the witness' triggers, which `planted` keeps silent.
    static func seen(_ change: String) -> String { "SET LOCAL session_replication_role = origin;; \(change)" }

    static let events = "genesis.session.events"
    static let commands = "genesis.session.commands"

    static let all = ofCommands + ofSessions + ofWaits + ofTasks + ofRecords + ofClients + onTheWay
}
