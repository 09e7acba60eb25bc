import Orchestration
import OrchestrationTesting
import Testing

@testable import WorkerRuntime

/// Messages that only a newer worker can read: their session waits for it, and nothing else does.
@Suite struct SetAsideTests {
    private func newer(_ command: (key: String, value: String), _ version: String) -> (key: String, value: String) {
        (command.key, String(command.value.dropLast()) + #","schema_version":\#(version)}"#)
    }

    @Test func `a session that is sent a newer shape is set aside with all that follows, and the others go on`()
        async throws
    {
        let harness = RuntimeHarness()
        let session = try #require(SessionID(RuntimeHarness.sessionID(1)))
        try await harness.whileWorking { harness in
            try await harness.assign()
            try await harness.deliver([
                RuntimeHarness.command("Start", session: 1, id: 1),
                newer(RuntimeHarness.command("Pause", session: 1, id: 2), "7"),
                RuntimeHarness.command("Abandon", session: 1, id: 3),
                RuntimeHarness.command("Start", session: 2, id: 4),
            ])
            try await harness.deliver([RuntimeHarness.command("Pause", session: 1, id: 5)], from: 4)
            var row = InboxCommand(inserted: "row", session)
            row.commandType = "Command.Genesis.Session.Navigate"
            await harness.store.insert(row)
            await harness.store.insert(InboxCommand(inserted: "other row", SessionID(derivedFrom: "other")))
            try await eventually { await harness.store.sessions.count == 3 }
        }
        #expect(await harness.store.sessions[session]?.version == 1)
        let letters = await harness.store.deadLetters
        #expect(letters.map(\.recordOffset) == [1, 2, 4])
        #expect(letters.allSatisfy { $0.reason == .needsNewerWorker && $0.sessionID == session && $0.isWaiting })
        #expect(letters.map(\.needsSchema) == [7, 0, 0])
        #expect(letters.first?.detail.contains("schema version 7") == true)
        #expect(await harness.store.positions[harness.commands]?.nextOffset == 5)
        // It is not dead, so nobody is told that it is.
        #expect(await !harness.store.outbox.contains { $0.topic.hasSuffix(".dlq") })
        let row = await harness.store.commands.first { $0.idempotencyKey == "row" }
        #expect(row?.status == .received && row?.verdict == nil)
    }

    @Test func `what follows in one batch is set aside in the order of its records`() async throws {
        let harness = RuntimeHarness()
        try await harness.whileWorking { harness in
            try await harness.assign()
            try await harness.deliver([newer(RuntimeHarness.command("Start", session: 1, id: 1), "7")])
            try await harness.deliver(
                [
                    RuntimeHarness.command("Pause", session: 1, id: 2),
                    newer(RuntimeHarness.command("Unpause", session: 1, id: 3), "7"),
                    RuntimeHarness.command("Abandon", session: 1, id: 4),
                ],
                from: 1
            )
        }
        #expect(await harness.store.deadLetters.map(\.recordOffset) == [0, 1, 2, 3])
    }

    @Test func `a newer worker takes the session up where it was left, in order`() async throws {
        let harness = RuntimeHarness()
        let session = try #require(SessionID(RuntimeHarness.sessionID(1)))
        try await harness.whileWorking { harness in
            try await harness.assign()
            try await harness.deliver([
                newer(RuntimeHarness.command("Start", session: 1, id: 1), "2"),
                newer(RuntimeHarness.command("Pause", session: 1, id: 2), "\"2\""),
                RuntimeHarness.command("Unpause", session: 1, id: 3),
                newer(RuntimeHarness.command("Abandon", session: 1, id: 4), "3"),
                RuntimeHarness.command("Pause", session: 1, id: 5),
            ])
        }
        #expect(await harness.store.sessions.isEmpty)
        let next = RuntimeHarness(store: harness.store)
        try await next.whileWorking(schemaVersionMax: 2) { next in
            try await eventually { await next.store.deadLetters.count(where: \.isWaiting) == 2 }
            try await eventually { await next.store.sessions[session]?.status == .inProgress }
        }
        #expect(
            await harness.store.events.map(\.eventType).filter { !$0.hasSuffix("Requested") } == [
                "Genesis.Session.Started", "Genesis.Session.Paused", "Genesis.Session.Unpaused",
            ]
        )
        let last = RuntimeHarness(store: harness.store)
        try await last.whileWorking(schemaVersionMax: 3) { last in
            try await eventually { await last.store.sessions[session]?.status == .abandoned }
            try await eventually { await !last.store.deadLetters.contains(where: \.isWaiting) }
        }
        // The one behind the abandon has its verdict like any other.
        #expect(await harness.store.commands.count == 5)
        #expect(await harness.store.commands.allSatisfy { $0.verdict != nil })
    }

    @Test func `what a newer worker finds to be no message is dead then, and holds nothing back`() async throws {
        let harness = RuntimeHarness()
        try await harness.whileWorking { harness in
            try await harness.assign()
            try await harness.deliver([
                newer(RuntimeHarness.command("Dance", session: 1, id: 1), "2"),
                RuntimeHarness.command("Start", session: 1, id: 2),
            ])
        }
        let next = RuntimeHarness(store: harness.store)
        try await next.whileWorking(schemaVersionMax: 2) { next in
            try await eventually { await next.store.sessions.count == 1 }
        }
        #expect(await harness.store.deadLetters.map(\.reason) == [.unknownType, .needsNewerWorker])
        #expect(await !harness.store.deadLetters.contains(where: \.isWaiting))
    }
}
