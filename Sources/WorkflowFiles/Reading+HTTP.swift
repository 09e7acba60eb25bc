internal import Orchestration

/// Actors whose work the worker does itself: `executor: http`.
extension Reading {
    func httpRecipe(_ entry: DocumentNode.Entry) -> HTTPRecipe? {
        let node = entry.value
        let what = "the actor `\(entry.key)`"
        guard let request = node["request"] else {
            error(
                "missing-key",
                "\(what) needs a `request`",
                entry.keyPlace,
                hint: "e.g. `request: { url: https://… }`"
            )
            return nil
        }
        guard request.entries != nil else {
            wrongType("`request` of \(what)", expected: "an object", request)
            return nil
        }
        checkKeys(request, "`request` of \(what)", known: WorkflowKeys.request)
        guard let address = request["url"] else {
            error("missing-key", "`request` of \(what) needs a `url`", request.place)
            return nil
        }
        guard let url = text(address, "`url` of \(what)") else { return nil }
        guard url.hasPrefix("https://") || url.hasPrefix("http://"), url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            error("url", "`url` of \(what) must begin with https:// or http:// and hold no blanks", address.place)
            return nil
        }
        let authority = url.drop { $0 != ":" }.dropFirst(3).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if authority.contains("@") {
            error("secret", "`url` of \(what) holds a user; use a header from a file", address.place)
        }
        var recipe = HTTPRecipe(url: url)
        if let node = request["method"], let method = text(node, "`method` of \(what)") {
            if HTTPRecipe.methods.contains(method) {
                recipe.method = method
            } else {
                let hint = "one of " + HTTPRecipe.methods.joined(separator: ", ")
                error("method", "`method` of \(what): `\(method)` is not supported", node.place, hint: hint)
            }
        }
        recipe.headers = entries(request["headers"], "`headers` of \(what)").compactMap { header($0, what) }
        recipe.body = program(request["body"])
        recipe.output = programText(node["response"], "`response` of \(what)")
        if let statuses = node["retry"]?["statuses"] { recipe.retryOn = self.statuses(statuses, what) }
        return recipe
    }

    /// Headers whose values are secrets by their nature.
    private static let secretNames = ["authorization", "proxy-authorization", "cookie", "x-api-key", "api-key"]

    private func header(_ entry: DocumentNode.Entry, _ what: String) -> HTTPRecipe.Header? {
        let name = entry.key
        let isToken = { (byte: UInt8) in
            byte > 0x20 && byte < 0x7F && !"()<>@,;:\\\"/[]?={}".utf8.contains(byte)
        }
        guard !name.isEmpty, name.utf8.allSatisfy(isToken) else {
            error("header", "`headers` of \(what): `\(name)` is no name of a header", entry.keyPlace)
            return nil
        }
        if let text = entry.value.string {
            if Self.secretNames.contains(name.lowercased()) {
                let hint = "`\(name): { file: NAME }`, a file in the folder of secrets"
                error("secret", "`\(name)` of \(what) must not stand in a workflow file", entry.keyPlace, hint: hint)
            }
            guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                error("header", "`\(name)` of \(what) has control characters", entry.keyPlace)
                return nil
            }
            return HTTPRecipe.Header(name: name, value: .text(text))
        }
        guard entry.value.entries != nil else {
            wrongType("`\(name)` of \(what)", expected: "a text or `{ file: NAME }`", entry.value)
            return nil
        }
        checkKeys(entry.value, "`\(name)` of \(what)", known: WorkflowKeys.secret)
        guard let file = text(entry.value["file"], "`file` of `\(name)`") else {
            if entry.value["file"] == nil {
                error("missing-key", "`\(name)` of \(what) needs a `file`", entry.keyPlace)
            }
            return nil
        }
        guard !file.contains("/"), !file.hasPrefix(".") else {
            error(
                "secret",
                "`file` of `\(name)` is the name of a file in the folder of secrets, no path",
                entry.keyPlace
            )
            return nil
        }
        let prefix = text(entry.value["prefix"], "the prefix of the header `\(name)`") ?? ""
        return HTTPRecipe.Header(name: name, value: .secret(file: file, prefix: prefix))
    }

    private func statuses(_ node: DocumentNode, _ what: String) -> Set<Int> {
        var statuses = Set<Int>()
        for element in list(node) {
            if let status = element.json.int, (300...599).contains(status) {
                statuses.insert(status)
            } else {
                error("wrong-type", "`statuses` of \(what) are numbers from 300 to 599", element.place)
            }
        }
        return statuses
    }
}
