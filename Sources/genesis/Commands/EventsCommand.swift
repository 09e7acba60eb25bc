internal import Orchestration

enum EventsCommand {
    static let specification = CommandSpecification(
        name: "events",
        summary: "Read what has happened, of all sessions, in one order.",
        examples: ["genesis events list --limit 100"],
        subcommands: [
            CommandSpecification(
                name: "list",
                summary: "List the events behind a position, oldest first; with --follow also those to come.",
                details: """
                    A reader that keeps the last position it has seen, and asks for what is behind it, misses nothing and \
                    gets each event once: no event is shown before those with lower positions have been written or given \
                    up. So it waits while a transaction that writes events is open; --follow says who, without it the \
                    command ends with 3.
                    """,
                examples: [
                    "genesis events list --after 0 --limit 1000 --json", "genesis events list --after 4711 --follow",
                ],
                options: [
                    .init(name: "after", valueName: "POSITION", summary: "Only events behind POSITION (default 0)."),
                    .init(name: "since", valueName: "TIME", summary: "Only events that happened at TIME or later."),
                    .init(name: "follow", summary: "Go on with those to come, until interrupted."),
                    .limit(Invocation.limitDefault), .json,
                ],
                run: list
            )
        ]
    )

    /// How many events are read at once, and how often those to come are looked for.
    static let pageMax = 500
    static let followInterval = Interval.milliseconds(200)

    @Sendable private static func list(_ invocation: Invocation) async throws {
        let after = Int64(try invocation.integer("after", in: 0...Int.max) ?? 0)
        let since = try invocation.value("since").map { text in
            guard let time = Instant(text) else {
                throw CommandFailure.usage("--since takes a time such as 2026-11-21T03:00:00Z, not `\(text)`")
            }
            return time
        }
        if invocation.has("follow") {
            guard !invocation.has("limit") else { throw CommandFailure.usage("give --limit or --follow, not both") }
            return try await invocation.withQueries { try await follow(invocation, after, since, $0) }
        }
        let limit = try invocation.limit
        let rows = try await invocation.withQueries { queries in
            var rows: [DomainEvent] = []
            while rows.count < limit {
                let page = try await queries.allEvents(
                    after: rows.last?.globalPosition ?? after,
                    since: since,
                    limit: min(pageMax, limit - rows.count)
                )
                if let writer = page.heldUpBy, rows.isEmpty {
                    throw CommandFailure.unavailable(sentence(writer, after))
                }
                if page.events.isEmpty { break }
                rows += page.events
            }
            return rows
        }
        var table = Table(">POSITION", "TIME", "SESSION", ">VERSION", "EVENT…")
        for row in rows {
            table.add(
                "\(row.globalPosition ?? 0)",
                row.occurredAt.description,
                row.aggregateID.description,
                "\(row.aggregateVersion)",
                row.eventType
            )
        }
        invocation.print(rows: rows.map(\.json), orText: table, whenEmpty: "There are no events behind \(after).")
    }

    private static func follow(
        _ invocation: Invocation,
        _ start: Int64,
        _ since: Instant?,
        _ queries: any SessionQueries
    ) async throws {
        let (output, errors) = (invocation.surroundings.output, invocation.surroundings.errors)
        var position = start
        var told: String?
        while true {
            let page = try await queries.allEvents(after: position, since: since, limit: pageMax)
            for event in page.events {
                output.line(invocation.has("json") ? event.json.text : line(event))
                position = event.globalPosition ?? position
            }
            if let writer = page.heldUpBy, writer != told { errors.line(sentence(writer, position)) }
            told = page.heldUpBy
            if page.events.count < pageMax { try await Task.sleep(for: .microseconds(followInterval.microseconds)) }
        }
    }

    private static func line(_ event: DomainEvent) -> String {
        "\(event.globalPosition ?? 0)  \(event.occurredAt)  \(event.aggregateID)  \(event.aggregateVersion)  "
            + Printable.text(event.eventType)
    }

    private static func sentence(_ writer: String, _ position: Int64) -> String {
        "\(Printable.text(writer)) is still writing events, so those behind position \(position) may not be all yet"
    }
}
