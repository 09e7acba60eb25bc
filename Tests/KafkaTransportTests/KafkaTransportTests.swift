import Testing

@Suite struct KafkaTransportTests {}
