import EmbeddedServices
import Foundation
import Orchestration
import Testing

@Suite(.serialized) struct EventsCommandTests {
    private func insertion(_ version: Int) -> String {
        """
        INSERT INTO domain_events (aggregate_id, aggregate_version, event_type)
        VALUES ('01234567-89ab-4cde-8f01-23456789abcd', \(version), 'Genesis.Session.Test')
        """
    }

    @Test func `all events are listed and followed, and who is still writing some is named`() async throws {
        let fleet = try await Fleet(partitions: 1)
        for version in 1...3 { try await fleet.sql(insertion(version)) }
        let listed = try await fleet.genesis("events", "list", "--after", "1", "--limit", "1", "--json")
        #expect(try listed.lines.map { $0["global_position"].int } == [2])
        let nothing = try await fleet.genesis("events", "list", "--after", "3")
        #expect(nothing.code == 0 && nothing.output.contains("no events behind 3"), "\(nothing.output)")
        #expect(try await fleet.genesis("events", "list", "--since", "yesterday").code == 2)
        #expect(try await fleet.genesis("events", "list", "--follow", "--limit", "3").code == 2)

        let follower = try ChildProcess(
            [Fleet.executable, "events", "list", "--follow", "--json"],
            environment: fleet.environment(),
            logFile: "\(fleet.folder)/follower.log"
        )
        func followed() -> [Int?] {
            fleet.log("follower").split(separator: "\n").filter { $0.hasPrefix("{") }.map { line in
                (try? JSONText.parse(Array(line.utf8), limits: .stored))?["global_position"].int
            }
        }
        try await eventually("the first are followed") { followed() == [1, 2, 3] }
        let open = try ChildProcess(
            ["/usr/bin/env", "psql", fleet.databaseURL, "-X", "-c", "BEGIN; \(insertion(4)); SELECT pg_sleep(600)"],
            environment: fleet.environment(),
            logFile: "\(fleet.folder)/open.log"
        )
        try await eventually("a position is taken") {
            try await fleet.sql("SELECT last_value FROM domain_events_global_position_seq") == "4"
        }
        try await fleet.sql(insertion(5))
        let held = try await fleet.genesis("events", "list", "--after", "3")
        #expect(held.code == 3 && held.output.contains("psql"), "\(held.output)")
        try await eventually("the follower says whom it waits for") { fleet.log("follower").contains("psql") }
        #expect(followed() == [1, 2, 3])
        open.stop()
        try await fleet.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()"
        )
        try await eventually("it goes on") { followed() == [1, 2, 3, 5] }
        follower.stop()
    }
}
