/// Which objects a migration file makes, read from the `CREATE` at the start of its lines.
enum SchemaObjects {
    static func made(by sql: String) -> [(kind: String, name: String)] {
        sql.split(separator: "\n").compactMap { line in
            var words = line.split { $0 == " " || $0 == "(" }.map(String.init)
            guard words.first == "CREATE" else { return nil }
            words.removeFirst()
            if words.first == "UNIQUE" { words.removeFirst() }
            let kinds = ["TABLE": "table", "INDEX": "index", "TYPE": "type", "FUNCTION": "function", "VIEW": "view"]
            guard words.count >= 2, let kind = kinds[words[0]] else { return nil }
            return (kind, words[1])
        }
    }
}
