internal import Orchestration
enum DevelopmentCommand { static let specification = CommandSpecification(name: "dev", summary: "", examples: ["genesis dev --play"], run: { _ in }) }
