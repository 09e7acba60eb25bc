import Orchestration
import OrchestrationTesting
import Testing

@Suite struct ReminderTests {
    static let day = Interval.seconds(24 * 3_600)

    /// Waits for a week, with reminders after one and three days.
    private func waiting(reminders: String = "[P1D, P3D]") throws -> SessionSpecification {
        var session = try SmallWorkflow.started(park: ", reminders: \(reminders)")
        session.complete()
        return session
    }

    private func reminders(_ session: SessionSpecification) -> [JSONValue] {
        session.events.filter { $0.eventType == "Genesis.Session.WaitReminder" }.map(\.payload)
    }

    @Test func `reminders are said at their times, once each, and the wait goes on`() throws {
        var session = try waiting()
        let parked = session.now
        session.pass(Interval(microseconds: Self.day.microseconds - 1))
        #expect(reminders(session).isEmpty)
        session.pass(Interval(microseconds: 1))
        session.pass(.seconds(1))
        #expect(reminders(session).map { $0["reminder"] } == [1])
        #expect(reminders(session).first?["due_at"] == JSONValue(parked + Self.day))
        #expect(reminders(session).first?["of"] == 2)
        session.pass(Self.day)
        session.pass(Self.day)
        session.pass(Self.day)
        #expect(reminders(session).map { $0["reminder"] } == [1, 2])
        #expect(session.wait?.status == .waiting)
        #expect(session.wait?.nextReminderAt == nil)
        #expect(session.outbox.filter { $0.payload["event_type"] == "Genesis.Session.WaitReminder" }.count == 2)
        #expect(session.command("Theme.Confirm").verdict == .accepted)
        #expect(session.faults == [])
    }

    @Test func `no reminder follows a reply`() throws {
        var session = try waiting()
        session.command("Theme.Request")
        session.pass(.seconds(200))
        session.complete()
        session.command("Theme.Confirm")
        session.pass(Interval(microseconds: 10 * Self.day.microseconds))
        #expect(reminders(session).isEmpty)
        #expect(session.faults == [])
    }

    @Test func `the newest reminder is said when no sweeper has run for long`() throws {
        var session = try waiting()
        session.pass(Interval(microseconds: 4 * Self.day.microseconds))
        #expect(reminders(session).map { $0["reminder"] } == [2])
        #expect(reminders(session).first?["skipped"] == 1)
        session.pass(Self.day)
        #expect(reminders(session).count == 1)
        #expect(session.faults == [])
    }

    @Test func `a pause moves the reminders that are to come`() throws {
        var session = try waiting()
        session.pass(Interval(microseconds: Self.day.microseconds / 2))
        session.command("Pause")
        session.pass(Interval(microseconds: 4 * Self.day.microseconds))
        session.command("Unpause")
        session.pass(.zero)
        #expect(reminders(session).isEmpty)
        session.pass(Interval(microseconds: Self.day.microseconds / 2))
        #expect(reminders(session).map { $0["reminder"] } == [1])
        #expect(reminders(session).first?["skipped"] == 0)
        #expect(session.faults == [])
    }

    @Test func `a wait whose end has passed too ends without a reminder`() throws {
        var session = try waiting()
        session.pass(Interval(microseconds: 8 * Self.day.microseconds))
        #expect(reminders(session).isEmpty)
        #expect(session.session?.status == .abandoned)
        #expect(session.handles.last?.status == .expired)
        #expect(session.faults == [])
    }

    @Test func `each draft's wait has its own reminders`() throws {
        var session = try waiting(reminders: "P1D")
        session.pass(Interval(microseconds: Self.day.microseconds / 2))
        session.command("Theme.Request")
        session.complete()
        session.pass(Interval(microseconds: Self.day.microseconds / 2))
        #expect(reminders(session).isEmpty)
        session.pass(Interval(microseconds: Self.day.microseconds / 2))
        #expect(reminders(session).map { $0["draft"] } == [2])
        #expect(session.faults == [])
    }
}
