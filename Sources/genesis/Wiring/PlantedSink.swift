#if DEBUG || CHAOS
    internal import Failpoints
    internal import Orchestration

    /// A sink to which every so many records something happens, and which makes the planted mistake of it.
    actor PlantedSink: RecordSink {
        private let sink: any RecordSink
        private let bug: PlantedBug
        private var count = 0
        private var held: [OutgoingRecord] = []

        static let bugs: Set<PlantedBug> = [.retryInProcess, .failedKeyPasses, .failingRecords]
        private static let everySoMany = 19

        init(_ sink: any RecordSink, _ bug: PlantedBug) { (self.sink, self.bug) = (sink, bug) }

        func send(_ records: [OutgoingRecord]) async -> [SendResult] {
            let struck = records.map { _ in
                count += 1
                return count % Self.everySoMany == 0
            }
            let others = zip(records, struck).filter { !$1 }.map(\.0)
            let late = held
            if bug == .retryInProcess { held = zip(records, struck).filter { $1 }.map(\.0) }
            var results = await sink.send(others + late).prefix(others.count)[...]
            return struck.map { isStruck in
                guard isStruck else { return results.popFirst() ?? .failed("no answer") }
                return bug == .retryInProcess ? .sent : .failed("planted")
            }
        }

        func sendAlone(_ record: OutgoingRecord) async -> SendResult { await sink.sendAlone(record) }

        func states(of topics: Set<String>) async -> [String: TopicState]? { await sink.states(of: topics) }

        func close() async { await sink.close() }
    }
#endif
