internal import Orchestration

/// Partitions that cannot go on where they should: said in the log and at the position, and taken up again once an
/// operator has set the position.
extension RecordLoop {
    func stop(_ partition: TopicPartition, _ reason: String) async {
        log.error("partition stopped", LogField("partition", partition), LogField("reason", reason))
        guard let owner = owned[partition] else { return }
        stopped[partition] = Stopped(owner: owner, unsaid: String(reason.prefix(Self.stopReasonLengthMax)))
        if let fault = await sayStop(partition) {
            log.warning(
                "the position does not say yet that the partition has stopped",
                LogField("partition", partition),
                LogField("reason", fault)
            )
        }
        if stoppedLook == nil {
            stoppedLook = Task { [weak self, interval = settings.stoppedLookInterval] in
                while !Task.isCancelled {
                    await Backoff.sleep(interval)
                    await self?.lookAtStopped()
                }
            }
        }
    }

    static let stopReasonLengthMax = 1_000

    /// Without its reason at the position, an operator could not set it. Why it could not be written, if so.
    private func sayStop(_ partition: TopicPartition) async -> String? {
        guard let owner = stopped[partition]?.owner, let reason = stopped[partition]?.unsaid else { return nil }
        do throws(StoreError) {
            try await store.stopPosition(cluster: cluster, partition: partition, epoch: owner.epoch, reason: reason)
            stopped[partition]?.unsaid = nil
            return nil
        } catch {
            return error.reason
        }
    }

    /// An operator's new position has a new epoch under the operator's name: the assignment begins anew with it.
    private func lookAtStopped() async {
        guard !stopped.isEmpty, let generation = stopped.values.map(\.owner.generation).max() else { return }
        for partition in stopped.keys { _ = await sayStop(partition) }
        // What cannot be read now is read at the next look.
        guard let rows = try? await store.positions(cluster: cluster, partitions: stopped.keys.sorted()) else { return }
        let isReset = rows.contains { row in
            row.ownerID.hasPrefix(OwnedPosition.operatorMark)
                && row.ownerEpoch != stopped[row.topicPartition]?.owner.epoch
        }
        guard isReset else { return }
        stopped = [:]
        await source.restart(generation: generation)
    }
}

extension OwnedPosition {
    /// Where the partition goes on.
    var start: StartOffset {
        guard let nextOffset else { return .beginning }
        return fingerprint.map { .after($0, nextOffset) } ?? .offset(nextOffset)
    }
}
