internal import ChaosHarness
internal import Glibc

@main
struct Chaos {
    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        exit(await ChaosTool.run(Array(CommandLine.arguments.dropFirst())))
    }
}
