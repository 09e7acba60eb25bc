internal import Failpoints
internal import Orchestration

/// The parts as they are; in builds for development and chaos around them the mistake that this process is told to make.
extension Wiring {
    static func planted(_ store: any Store, node: String) -> any Store {
        #if DEBUG || CHAOS
            if let bug = PlantedBug.ofThisProcess { return PlantedStore(store: store, bug: bug, node: node) }
        #endif
        return store
    }

    static func planted(_ sink: any RecordSink) -> any RecordSink {
        #if DEBUG || CHAOS
            if let bug = PlantedBug.ofThisProcess, PlantedSink.bugs.contains(bug) { return PlantedSink(sink, bug) }
        #endif
        return sink
    }
}
