/// Finds `Workflows` and `Migrations`: installed beside the binary, else in the source tree that the binary was built in.
struct InstalledFolders: Sendable {
    var executable: String

    func find(_ name: String) -> String? {
        let binaries = FilePath.parent(of: executable)
        let installed = FilePath.join(FilePath.parent(of: binaries), "share/genesis/\(name)")
        if TextFile.exists(installed) { return installed }
        for folder in FilePath.ancestors(of: binaries) {
            let isSourceTree =
                TextFile.exists(FilePath.join(folder, "Package.swift"))
                && TextFile.exists(FilePath.join(folder, "Migrations"))
            let candidate = FilePath.join(folder, name)
            if isSourceTree, TextFile.exists(candidate) { return candidate }
        }
        return nil
    }
}
