/// The names of the messages of Genesis sessions.
///
/// Which command is welcome when is the workflow's business, not this list's.
package enum SessionMessages {
    /// A command's type, the event it leads to, and the stage it belongs to.
    package struct Command: Equatable, Sendable {
        package let type: String
        package let eventType: String
        /// Nil for a command that belongs to no single stage.
        package let stage: GenesisStage?

        fileprivate init(_ command: String, _ event: String, _ stage: GenesisStage? = nil) {
            type = SessionMessages.commandPrefix + command
            eventType = SessionMessages.eventPrefix + event
            self.stage = stage
        }
    }

    package static let commandPrefix = "Command.Genesis.Session."
    package static let eventPrefix = "Genesis.Session."

    package static let start = "Command.Genesis.Session.Start"
    package static let finish = "Command.Genesis.Session.Finish"
    package static let fail = "Command.Genesis.Session.Fail"
    package static let abandon = "Command.Genesis.Session.Abandon"
    package static let navigate = "Command.Genesis.Session.Navigate"
    package static let pause = "Command.Genesis.Session.Pause"
    package static let unpause = "Command.Genesis.Session.Unpause"
    package static let createBranch = "Command.Genesis.Session.Branch.Create"
    package static let retryTask = "Command.Genesis.Session.Task.Retry"

    /// An event of another service that carries a command.
    package static let commandReceived = "Genesis.Session.Command.Received"
    /// The notice that a command changed nothing, with the verdict.
    package static let commandRejected = "Genesis.Session.Command.Rejected"

    package static let taskStarted = "Task.Started"
    package static let taskProgressed = "Task.Progressed"
    package static let taskFailed = "Task.Failed"
    /// Sent by the worker: the agent may stop.
    package static let taskCancelled = "Task.Cancelled"

    /// Raised inside a session when a wait has reached its deadline; never taken from outside.
    package static let parkExpired = "park.expired"

    package static let commands: [Command] = [
        Command("Start", "Started"),
        Command("Seed.Request", "SeedRequested", .conceptSelection),
        Command("Concept.Confirm", "ConceptConfirmed", .conceptSelection),
        Command("Stage.Complete", "StageCompleted"),
        Command("Theme.Request", "Theme.Requested", .storyConception),
        Command("Theme.Revise", "Theme.Revised", .storyConception),
        Command("Theme.Confirm", "Theme.Confirmed", .storyConception),
        Command("World.Request", "World.Requested", .worldview),
        Command("World.Update", "World.Updated", .worldview),
        Command("World.Confirm", "World.Confirmed", .worldview),
        Command("Character.Request", "Character.Requested", .characters),
        Command("Character.Update", "Character.Updated", .characters),
        Command("Character.Confirm", "Character.Confirmed", .characters),
        Command("CharacterNetwork.Create", "CharacterNetwork.Created", .characters),
        Command("Plot.Request", "Plot.Requested", .plotOutline),
        Command("Plot.Update", "Plot.Updated", .plotOutline),
        Command("Plot.Confirm", "Plot.Confirmed", .plotOutline),
        Command("Details.Request", "Details.Requested", .plotOutline),
        Command("Details.Confirm", "Details.Confirmed", .plotOutline),
        Command("Finish", "Finished"),
        Command("Fail", "Failed"),
        Command("Branch.Create", "BranchCreated"),
        Command("Abandon", "Abandoned"),
        Command("Navigate", "Navigated"),
        Command("Pause", "Paused"),
        Command("Unpause", "Unpaused"),
        Command("Task.Retry", "Task.Retried"),
        Command("Task.Cancel", "Task.Cancelled"),
        Command("Task.Complete", "Task.Completed"),
        Command("Task.Skip", "Task.Skipped"),
    ]

    private static let commandsByType = Dictionary(
        commands.map { ($0.type, $0) },
        uniquingKeysWith: { first, _ in first }
    )

    /// The command of a type; nil if there is none.
    package static func command(_ type: String) -> Command? { commandsByType[type] }
}
