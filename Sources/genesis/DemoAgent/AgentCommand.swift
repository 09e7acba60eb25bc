internal import Orchestration
enum AgentCommand { static let specification = CommandSpecification(name: "agent", summary: "", examples: ["genesis agent --demo"], run: { _ in }) }
