internal import Orchestration

/// The folder `.genesis` of a development environment, and the addresses that a running one has written there.
struct DevelopmentEnvironment: Sendable {
    static let folderName = ".genesis"

    var folder: String
    var settings: [Setting: String]

    var path: String { Self.file(in: folder) }

    static func file(in folder: String) -> String { FilePath.join(folder, "environment.json") }
    static func lock(in folder: String) -> String { FilePath.join(folder, "lock") }

    /// The nearest environment, from a folder upward, whose supervisor is running.
    static func running(from workingDirectory: String) -> DevelopmentEnvironment? {
        for ancestor in FilePath.ancestors(of: workingDirectory) {
            let folder = FilePath.join(ancestor, folderName)
            guard TextFile.exists(file(in: folder)), FolderLock.isHeld(path: lock(in: folder)) else { continue }
            return read(folder: folder)
        }
        return nil
    }

    /// Nil when the file is not ours to understand: then there is no environment, and the command says what it misses.
    private static func read(folder: String) -> DevelopmentEnvironment? {
        guard let text = try? TextFile.read(file(in: folder)), let value = try? JSONText.parse(text) else { return nil }
        var settings: [Setting: String] = [:]
        for setting in [Setting.databaseURL, .kafkaBrokers, .kafkaProperties] {
            settings[setting] = value[setting.key].string
        }
        return DevelopmentEnvironment(folder: folder, settings: settings)
    }

    func write() throws(CommandFailure) {
        let members = settings.map { ($0.key.key, JSONValue.string($0.value)) }
        try TextFile.replace(path, with: JSONValue.object(JSONObject(members)).prettyText + "\n")
    }
}
