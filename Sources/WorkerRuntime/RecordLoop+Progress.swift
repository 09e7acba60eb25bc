internal import Orchestration

/// Progress is written once in an interval for each task. Its records count as dealt with before: a worker that is killed
/// loses what agents said in the last interval, and they say it again.
extension RecordLoop {
    /// Written in pieces of so many: a session that goes on meanwhile makes the rest of its piece be decided again.
    private static let pieceMax = 100

    /// Sees to it that what is held will be written.
    func timeProgress() {
        guard !progress.isEmpty, progressTimer == nil else { return }
        let pause = settings.progressInterval
        progressTimer = Task { [weak self] in
            await Backoff.sleep(pause)
            await self?.writeProgress()
        }
    }

    /// Writes what is held.
    func writeProgress() async {
        progressTimer = nil
        let messages = progress.takeAll()
        if messages.isEmpty { return }
        do {
            for start in stride(from: 0, to: messages.count, by: Self.pieceMax) {
                let piece = Array(messages[start..<min(messages.count, start + Self.pieceMax)])
                if try await isCommitted(piece) { continue }
                // The database refuses one of them: the others must not suffer.
                for message in piece where piece.count > 1 { _ = try await isCommitted([message]) }
            }
        } catch let failure as WorkerFailure {
            fail(failure)
        } catch {
            fail(WorkerFailure("\(error)"))
        }
    }

    private func isCommitted(_ messages: [SessionMessage]) async throws -> Bool {
        switch try await committer.commit(
            messages,
            base: CommitBatch(),
            isMoved: { () async throws(StoreError) in false }
        ) {
        case .done: return true
        case .fenced(let reason), .refused(let reason):
            log.warning("progress is not written", LogField("reason", reason))
            return false
        }
    }
}
