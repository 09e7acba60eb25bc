// From a task to a request, and from a response to an answer: pure, so that only the call itself needs a network.

extension HTTPRecipe {
    /// The request of the task's attempt.
    ///
    /// - Parameter secret: the value of a file in the folder of secrets.
    package func request(
        for task: AsyncTask,
        timeout: Interval,
        expressions: any ExpressionEvaluator,
        secret: (String) throws(HTTPFailure) -> String
    ) throws(HTTPFailure) -> HTTPRequest {
        var values: [(name: String, value: String)] = []
        for header in headers {
            switch header.value {
            case .text(let text): values.append((header.name, text))
            case .secret(let file, let prefix): values.append((header.name, prefix + (try secret(file))))
            }
        }
        let bytes = try content(for: task, expressions)?.utf8Bytes
        if let bytes {
            guard bytes.count <= Self.requestBytesMax else {
                throw HTTPFailure(
                    .requestTooLarge,
                    "the request has \(bytes.count) bytes, the limit is \(Self.requestBytesMax)"
                )
            }
            if !values.contains(where: { $0.name.lowercased() == "content-type" }) {
                values.append(("Content-Type", "application/json"))
            }
        }
        if !values.contains(where: { $0.name.lowercased() == "accept" }) {
            values.append(("Accept", "application/json"))
        }
        return HTTPRequest(
            url: url,
            method: method,
            headers: values,
            body: bytes,
            timeout: timeout,
            responseBytesMax: Self.responseBytesMax
        )
    }

    private func content(
        for task: AsyncTask,
        _ expressions: any ExpressionEvaluator
    ) throws(HTTPFailure) -> JSONValue? {
        guard let body else {
            // `nil` alone would be JSON's null, and be sent.
            return method == "GET" || method == "DELETE" ? JSONValue?.none : task.inputData
        }
        let view: JSONValue = [
            "input": task.inputData, "previous_details": task.progressDetails,
            "task": ["id": JSONValue(task.id), "type": .string(task.taskType), "attempt": .int(task.attempt)],
        ]
        do throws(ExpressionFailure) {
            return try expressions.evaluate(body, on: view)
        } catch {
            throw HTTPFailure(.body, "the program of the body: \(error.reason)")
        }
    }

    /// What a response, or none, means for the task.
    ///
    /// - Parameter secrets: what a server may repeat and no row may hold.
    package func answer(
        _ outcome: Result<HTTPResponse, HTTPFailure>,
        of task: AsyncTask,
        actor: Actor,
        expressions: any ExpressionEvaluator,
        hiding secrets: [String] = []
    ) -> AgentAnswer {
        let kind: AgentAnswer.Kind
        do throws(HTTPFailure) {
            let response = try outcome.get()
            guard (200..<300).contains(response.status) else {
                return AgentAnswer(taskID: task.id, attempt: task.attempt, kind: failure(of: response, hiding: secrets))
            }
            kind = .completed(type: actor.resultType, output: try result(of: response, expressions))
        } catch {
            kind = .failed(
                code: error.code.rawValue,
                message: error.message,
                retryable: error.isRetryable,
                details: .null
            )
        }
        return AgentAnswer(taskID: task.id, attempt: task.attempt, kind: kind)
    }

    private func result(
        of response: HTTPResponse,
        _ expressions: any ExpressionEvaluator
    ) throws(HTTPFailure) -> JSONValue {
        let value: JSONValue
        do throws(JSONFault) {
            value = response.body.isEmpty ? .null : try JSONText.parse(response.body, limits: .response)
        } catch {
            throw HTTPFailure(.invalidResponse, "the response is not JSON: \(error)")
        }
        guard let output else { return value }
        do throws(ExpressionFailure) {
            return try expressions.evaluate(output, on: ["status": .int(response.status), "body": value])
        } catch {
            throw HTTPFailure(.invalidResponse, "the program of the output: \(error.reason)")
        }
    }

    /// The beginning of a response that is no success, without what nobody may read.
    private static func excerpt(of body: [UInt8], hiding secrets: [String]) -> String {
        var text = String(decoding: body.prefix(8 * PrintableText.lengthMax), as: UTF8.self)
        for secret in secrets where !secret.isEmpty { text = text.replacing(secret, with: "(secret)") }
        return PrintableText.of(text)
    }

    private func failure(of response: HTTPResponse, hiding secrets: [String]) -> AgentAnswer.Kind {
        var details: JSONObject = [
            "status": .int(response.status),
            "body": .string(Self.excerpt(of: response.body, hiding: secrets)),
        ]
        if let seconds = response.retryAfter { details["retry_after"] = .number(seconds) }
        return .failed(
            code: "HTTP_\(response.status)",
            message: "\(method) \(url) was answered with status \(response.status)",
            retryable: retryOn.contains(response.status),
            details: .object(details)
        )
    }
}

extension JSONLimits {
    /// For what HTTP servers answer.
    static let response = JSONLimits(
        bytesMax: HTTPRecipe.responseBytesMax,
        depthMax: record.depthMax,
        numberLengthMax: record.numberLengthMax,
        exponentMax: record.exponentMax,
        refusesInexactIntegers: false
    )
}
