/// The statechart interpreter: a pure function of definition, state, input and time.
package enum Interpreter {
    /// The most microsteps one step may take; a chart that needs more runs in circles.
    package static let microstepsMax = 10_000
}
