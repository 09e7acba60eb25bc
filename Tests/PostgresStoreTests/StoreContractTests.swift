import OrchestrationTesting
import Testing

@Suite struct StoreContractTests {
    @Test(arguments: StoreContract.promises)
    func `the store on PostgreSQL keeps its promises`(promise: StoreContract.Promise) async throws {
        #expect(try await promise.faults(of: TestDatabase().store) == [])
    }
}
