import Testing

@Suite struct OrchestrationTests {}
