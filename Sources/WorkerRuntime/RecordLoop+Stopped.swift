internal import Orchestration

/// Partitions that cannot go on where they should: said in the log and at the position, and taken up again once an
/// operator has set the position.
extension RecordLoop {
    func stop(_ partition: TopicPartition, _ reason: String) async {
        log.error("partition stopped", LogField("partition", partition), LogField("reason", reason))
        guard let owner = owned[partition] else { return }
        stopped[partition] = owner
        do throws(StoreError) {
            try await store.stopPosition(
                cluster: cluster,
                partition: partition,
                epoch: owner.epoch,
                reason: String(reason.prefix(Self.stopReasonLengthMax))
            )
        } catch {
            log.warning(
                "the position does not say that the partition has stopped",
                LogField("partition", partition),
                LogField("reason", error.reason)
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

    /// An operator's new position has a new epoch under the operator's name: the assignment begins anew with it.
    private func lookAtStopped() async {
        guard !stopped.isEmpty, let generation = stopped.values.map(\.generation).max() else { return }
        // What cannot be read now is read at the next look.
        guard let rows = try? await store.positions(cluster: cluster, partitions: stopped.keys.sorted()) else { return }
        let isReset = rows.contains { row in
            row.ownerID.hasPrefix(OwnedPosition.operatorMark) && row.ownerEpoch != stopped[row.topicPartition]?.epoch
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
