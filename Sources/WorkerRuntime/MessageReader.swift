internal import Orchestration

/// Turns a Kafka record into what a session is told.
struct MessageReader: Sendable {
    enum Reading {
        case message(SessionMessage)
        /// Not for us, or nothing to do; with the reason, for the log.
        case ignored(String)
        case deadLetter(DeadLetter.Reason, String)
        /// A newer worker must read it; until then its session is set aside.
        case newer(SessionID, schemaVersion: Int)
    }

    let settings: WorkerSettings
    let catalog: WorkflowCatalog

    /// - Throws: when the database cannot say which workflows there are.
    func read(_ record: IncomingRecord) async throws(StoreError) -> Reading {
        // Our own facts come back where we also read; their header is enough to know them.
        if record.topicPartition.topic != settings.commandsTopic, PublishedForm.isOwn(record) {
            return .ignored("own event")
        }
        switch Envelope.decode(record) {
        case .tombstone: return .ignored("tombstone")
        case .deadLetter(let reason, let detail): return .deadLetter(reason, detail)
        case .envelope(let envelope):
            if envelope.schemaVersion > settings.schemaVersionMax, !isFact(envelope) {
                return .newer(envelope.sessionID, schemaVersion: envelope.schemaVersion)
            }
            let topic = record.topicPartition.topic
            if topic == settings.commandsTopic { return try await command(envelope) }
            if topic == settings.eventsTopic { return try await event(envelope) }
            return answer(envelope)
        }
    }

    private func command(_ envelope: Envelope) async throws(StoreError) -> Reading {
        guard try await isKnown(envelope.type) else {
            return .deadLetter(.unknownType, "`\(envelope.type)` is no command that any workflow here takes")
        }
        return .message(message(envelope, .command))
    }

    /// The events topic carries our own facts, commands in an envelope, and what other services have to say.
    private func event(_ envelope: Envelope) async throws(StoreError) -> Reading {
        if envelope.source == PublishedForm.source { return .ignored("own event") }
        if envelope.type == SessionMessages.commandReceived {
            let inner: Envelope
            do throws(EnvelopeFault) {
                inner = try envelope.unwrapped()
            } catch {
                return .deadLetter(error.reason, error.detail)
            }
            if inner.schemaVersion > settings.schemaVersionMax {
                return .newer(inner.sessionID, schemaVersion: inner.schemaVersion)
            }
            return try await command(inner)
        }
        guard try await catalog.names(envelope.type) else { return .ignored("no workflow takes `\(envelope.type)`") }
        return .message(message(envelope, .command))
    }

    /// Whether the record is one of our own facts, in whatever version they were written.
    private func isFact(_ envelope: Envelope) -> Bool { envelope.source == PublishedForm.source }

    private func answer(_ envelope: Envelope) -> Reading {
        if envelope.source == PublishedForm.source { return .ignored("own event") }
        var message: SessionMessage
        do {
            message = self.message(envelope, .answer(try AgentAnswer.read(envelope)))
        } catch {
            // The session and the message are known: a verdict says more than a dead letter, and nothing else can follow.
            message = self.message(envelope, .unreadableAnswer("\(error)"))
        }
        // An answer's fields may stand beside its payload; its row is to say what it was about.
        if !envelope.extensions.isEmpty {
            message.payload = .object(envelope.extensions.merging(envelope.payload.object ?? [:]))
        }
        return .message(message)
    }

    private func isKnown(_ type: String) async throws(StoreError) -> Bool {
        if SessionMessages.command(type) != nil { return true }
        return try await catalog.names(type)
    }

    private func message(_ envelope: Envelope, _ kind: SessionMessage.Kind) -> SessionMessage {
        SessionMessage(
            kind: kind,
            id: envelope.id,
            idempotencyKey: envelope.idempotencyKey,
            type: envelope.type,
            tenantID: envelope.tenantID ?? settings.defaultTenant,
            sessionID: envelope.sessionID,
            payload: envelope.payload,
            correlationID: envelope.correlationID,
            causationID: envelope.causationID,
            userID: envelope.userID,
            metadata: envelope.traceparent.map {
                .object((envelope.metadata.object ?? [:]).merging(["traceparent": .string($0)]))
            } ?? envelope.metadata,
            source: "kafka"
        )
    }
}
