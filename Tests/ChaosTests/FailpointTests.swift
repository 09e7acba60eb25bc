import Failpoints
import Testing

@Suite struct FailpointTests {
    @Test func `each moment has a name of its own in snake case`() {
        let names = Failpoint.allCases.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0.allSatisfy { $0.isLowercase || $0 == "_" } })
        #expect(Failpoint.commitSent.name == "commit_sent")
    }

    @Test(arguments: ["commit_sent", "commit_sent:0:kill", "nowhere:1:kill", "commit_sent:1:sleep"])
    func `an order that is not understood is refused`(_ text: String) { #expect(FailpointOrders(text) == nil) }

    @Test func `orders wait for their own moments only`() throws {
        let orders = try #require(FailpointOrders("commit_sent:2:kill,marked:1:stop"))
        #expect(orders.awaits([.commitSent]))
        #expect(!orders.awaits([.outboxRead]))
    }
}
