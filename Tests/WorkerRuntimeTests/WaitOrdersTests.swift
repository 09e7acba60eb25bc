import Orchestration
import OrchestrationTesting
import Testing

/// Whatever the order of park, replies, deadline and abandon, each wait has one end and one winner.
@Suite struct WaitOrdersTests {
    enum Happening: String, CaseIterable, Sendable {
        case result, reply, otherReply, deadline, abandon, navigate, finish, pause, unpause
    }

    private static func orders(_ happenings: [Happening]) -> [[Happening]] {
        guard happenings.count > 1 else { return [happenings] }
        var found: Set<[Happening]> = []
        for (index, first) in happenings.enumerated() {
            var rest = happenings
            rest.remove(at: index)
            for order in orders(rest) { found.insert([first] + order) }
        }
        return Array(found)
    }

    private func play(_ order: [Happening], _ workflow: Workflow) -> SessionSpecification {
        var session = SessionSpecification(workflow)
        session.command("Start", user: "ann")
        for happening in order {
            switch happening {
            case .result: session.complete()
            case .reply: session.command("Theme.Confirm", correlation: session.wait?.correlationID, user: "ann")
            case .otherReply: session.command("Theme.Request", correlation: session.wait?.correlationID, user: "bob")
            case .deadline: session.pass(.seconds(8 * 24 * 3_600))
            case .abandon: session.command("Abandon", user: "ann")
            case .navigate: session.command("Navigate", user: "ann")
            case .finish: session.command("Finish", user: "ann")
            case .pause: session.command("Pause")
            case .unpause: session.command("Unpause")
            }
        }
        return session
    }

    private func check(_ orders: [[Happening]]) async throws {
        let workflow = try SmallWorkflow.read(park: ", reminders: [P1D]")
        for order in orders {
            let session = play(order, workflow)
            // Other tests have bounds of time and few threads.
            await Task.yield()
            let name = order.map(\.rawValue).joined(separator: " ")
            #expect(session.faults == [], "\(name)")
            for handle in session.handles {
                let explanation = WaitExplanation(handle: handle, commands: session.commands, events: session.events)
                let winners = explanation.competitors.count(where: \.isWinner)
                #expect(winners == (handle.status.isOpen ? 0 : 1), "\(name): \(handle.status)")
            }
            let ends = session.events.compactMap { $0.metadata["wait_ended"]["handle_id"].string }
            #expect(Set(ends).count == ends.count, "a wait ended twice: \(name)")
            // Nobody is left without an answer, once nothing is pending any more.
            #expect(session.commands.allSatisfy { $0.verdict != nil }, "\(name)")
        }
    }

    @Test func `each of park, two replies, deadline and abandon in every order`() async throws {
        let orders = Self.orders([.result, .reply, .otherReply, .deadline, .abandon])
        #expect(orders.count == 120)
        try await check(orders)
    }

    @Test func `a reply and a deadline that come twice in every order`() async throws {
        let orders = Self.orders([.result, .reply, .reply, .deadline, .deadline, .abandon])
        #expect(orders.count == 180)
        try await check(orders)
    }

    @Test func `another way and the end instead of an abandon in every order`() async throws {
        let orders = Self.orders([.result, .reply, .deadline, .navigate, .finish])
        #expect(orders.count == 120)
        try await check(orders)
    }

    @Test func `another way that is taken twice in every order`() async throws {
        let orders = Self.orders([.result, .reply, .navigate, .navigate, .deadline, .finish])
        #expect(orders.count == 360)
        try await check(orders)
    }

    @Test func `a pause between them in every order`() async throws {
        let orders = Self.orders([.result, .reply, .deadline, .pause, .unpause])
        #expect(orders.count == 120)
        try await check(orders)
    }
}
