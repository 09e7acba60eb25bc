internal import Glibc
internal import WorkflowFiles

@main
struct Genesis {
    static func main() async {
        if CommandLine.arguments.dropFirst().first == JQService.word { return JQService.serve() }
        // A reader that has gone away (`genesis sessions list | head -1`) is an error of write(2), not our death.
        signal(SIGPIPE, SIG_IGN)
        let tool = CommandLineTool(root: CommandTree.root)
        let code = await tool.run(
            arguments: Array(CommandLine.arguments.dropFirst()),
            surroundings: Surroundings.ofThisProcess()
        )
        exit(code.rawValue)
    }
}
