internal import Orchestration

// Rows as JSON objects: the members are named as the columns are.

extension GenesisSession {
    var json: JSONValue {
        .object([
            "id": JSONValue(id), "tenant_id": .string(tenantID), "user_id": JSONValue(userID),
            "status": .string(status.rawValue), "current_stage": .string(currentStage.rawValue),
            "confirmed_data": confirmedData, "novel_id": JSONValue(novelID), "workflow_name": .string(workflowName),
            "workflow_version": .string(workflowVersion), "workflow_hash": .string(workflowHash), "state": state,
            "next_timer_at": JSONValue(nextTimerAt), "correlation_id": .string(correlationID),
            "version": .int(version), "created_at": JSONValue(createdAt), "updated_at": JSONValue(updatedAt),
        ])
    }
}

extension DomainEvent {
    var json: JSONValue {
        .object([
            "global_position": globalPosition.map { .int(Int($0)) } ?? .null, "event_id": JSONValue(eventID),
            "tenant_id": .string(tenantID), "aggregate_type": .string(aggregateType),
            "aggregate_id": JSONValue(aggregateID), "aggregate_version": .int(aggregateVersion),
            "event_type": .string(eventType), "schema_version": .int(schemaVersion), "payload": payload,
            "metadata": metadata, "correlation_id": .string(correlationID), "causation_id": JSONValue(causationID),
            "user_id": JSONValue(userID), "occurred_at": JSONValue(occurredAt), "created_at": JSONValue(createdAt),
        ])
    }
}

extension ResumeHandle {
    var json: JSONValue {
        .object([
            "id": JSONValue(id), "tenant_id": .string(tenantID), "session_id": JSONValue(sessionID),
            "correlation_id": .string(correlationID), "flow_run_id": JSONValue(flowRunID),
            "task_name": JSONValue(taskName), "resume_handle": resumeHandle, "status": .string(status.rawValue),
            "draft": draft.map { .int($0) } ?? .null, "resume_payload": resumePayload,
            "resumed_by": JSONValue(resumedBy), "timeout_seconds": timeoutSeconds.map { .int($0) } ?? .null,
            "context_data": contextData, "expires_at": JSONValue(expiresAt),
            "next_reminder_at": JSONValue(nextReminderAt), "paused_at": JSONValue(pausedAt),
            "resumed_at": JSONValue(resumedAt), "created_at": JSONValue(createdAt),
            "updated_at": JSONValue(updatedAt),
        ])
    }

    /// The types of replies that the wait takes.
    var replies: [String] { resumeHandle["replies"].array?.compactMap(\.string) ?? [] }
}

extension AsyncTask {
    var json: JSONValue {
        .object([
            "id": JSONValue(id), "tenant_id": .string(tenantID), "session_id": JSONValue(sessionID),
            "task_type": .string(taskType), "actor_id": .string(actorID),
            "triggered_by_command_id": JSONValue(triggeredByCommandID), "correlation_id": .string(correlationID),
            "status": .string(status.rawValue), "progress": .number(Double(progress.hundredths) / 100),
            "progress_message": JSONValue(progressMessage), "progress_details": progressDetails,
            "input_data": inputData, "result_data": resultData, "error_data": errorData,
            "execution_node": JSONValue(executionNode), "attempt": .int(attempt), "retry_count": .int(retryCount),
            "max_retries": .int(maxRetries), "deadline_at": JSONValue(deadlineAt),
            "attempt_deadline_at": JSONValue(attemptDeadlineAt), "total_deadline_at": JSONValue(totalDeadlineAt),
            "started_at": JSONValue(startedAt), "completed_at": JSONValue(completedAt),
            "created_at": JSONValue(createdAt), "updated_at": JSONValue(updatedAt),
        ])
    }
}

extension OutboxMessage {
    var json: JSONValue {
        .object([
            "id": JSONValue(id), "position": position.map { .int(Int($0)) } ?? .null, "event_id": JSONValue(eventID),
            "tenant_id": .string(tenantID), "topic": .string(topic), "partition_key": .string(partitionKey),
            "lane": .int(lane), "headers": headers, "payload": payload, "status": .string(status.rawValue),
            "retry_count": .int(retryCount), "max_retries": .int(maxRetries),
            "next_retry_at": JSONValue(nextRetryAt), "scheduled_at": JSONValue(scheduledAt),
            "error_message": JSONValue(errorMessage), "created_at": JSONValue(createdAt),
            "published_at": JSONValue(publishedAt),
        ])
    }
}

extension InboxCommand {
    var json: JSONValue {
        .object([
            "id": JSONValue(id), "tenant_id": .string(tenantID), "session_id": JSONValue(sessionID),
            "command_type": .string(commandType), "idempotency_key": .string(idempotencyKey), "payload": payload,
            "correlation_id": .string(correlationID), "causation_id": JSONValue(causationID),
            "user_id": JSONValue(userID), "metadata": metadata, "source": .string(source),
            "status": .string(status.rawValue), "verdict": JSONValue(verdict?.rawValue),
            "error_message": JSONValue(errorMessage), "created_at": JSONValue(createdAt),
            "processed_at": JSONValue(processedAt),
        ])
    }
}

extension DeadLetter {
    var json: JSONValue {
        .object([
            "id": JSONValue(id), "cluster_id": .string(clusterID), "topic": .string(topic),
            "partition": .int(partition), "record_offset": .int(Int(recordOffset)),
            "record_key": JSONValue(recordKey.map { String(decoding: $0, as: UTF8.self) }),
            "record_value": JSONValue(recordValue.map { String(decoding: $0, as: UTF8.self) }), "headers": headers,
            "reason": .string(reason.rawValue), "detail": .string(detail), "created_at": JSONValue(createdAt),
            "requeued_at": JSONValue(requeuedAt),
        ])
    }
}
