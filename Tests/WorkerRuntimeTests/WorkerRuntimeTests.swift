import Testing

@Suite struct WorkerRuntimeTests {}
