internal import Glibc
internal import Orchestration

@main
struct Genesis {
    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.first == "broker" {
            let problem = Array("\(BrokerCommand.run(Array(arguments.dropFirst())))\n".utf8)
            _ = write(2, problem, problem.count)
            exit(2)
        }
    }
}
