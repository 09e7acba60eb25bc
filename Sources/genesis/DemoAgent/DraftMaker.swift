internal import Orchestration

/// Made-up drafts: the same seed, task and input give the same draft. Pure.
struct DraftMaker: Sendable {
    var seed: UInt64

    /// Longer feedback is cut in a draft, which is meant to be read.
    static let feedbackShownMax = 120

    /// The result of an actor's work; feedback in the input is visibly used.
    func draft(for actor: String, input: JSONValue, task: TaskID) -> JSONValue {
        var dice = Dice(seed: seed ^ task.low)
        let feedback =
            input["feedback"].string ?? input["feedback"]["text"].string
            ?? input["feedback"]["feedback"].string
        let turn = feedback.map { ", now with what you asked for: \(Printable.fitted($0, to: Self.feedbackShownMax))" }
        let place = dice.pick(Self.places)
        let object = dice.pick(Self.objects)
        let trade = dice.pick(Self.trades)
        let names = (dice.pick(Self.firstNames), dice.pick(Self.lastNames))
        func text(_ sentence: String) -> JSONValue { .string(sentence + (turn ?? "") + ".") }
        var output: JSONObject
        switch actor {
        case let name where name.contains("Concept"):
            output = [
                "concepts": .array(
                    (1...3).map { number in
                        let (place, object, trade) = (
                            dice.pick(Self.places), dice.pick(Self.objects), dice.pick(Self.trades)
                        )
                        return [
                            "id": .string("c\(number)"), "title": .string("The \(trade) of \(place)"),
                            "premise": text("A \(trade) finds \(object) in \(place), and it answers"),
                        ]
                    }
                )
            ]
        case let name where name.contains("Theme"):
            output = [
                "theme": [
                    "question": text("What is owed to the people of \(place)"), "motif": .string(object),
                    "tone": .string(dice.pick(["quiet and strange", "warm and dry", "dark with a lamp in it"])),
                ]
            ]
        case let name where name.contains("World"):
            output = [
                "world": [
                    "name": .string(place), "rule": text("Whoever carries \(object) cannot tell a lie"),
                    "places": [.string("the harbour of \(place)"), .string("the house of the \(trade)")],
                ]
            ]
        case let name where name.contains("Relationship") || name.contains("Network"):
            output = [
                "relationships": [
                    ["from": "hero", "to": "rival", "kind": "owes a life", "since": text("the winter in \(place)")],
                    ["from": "rival", "to": "mentor", "kind": "is the child of", "since": "always"],
                ]
            ]
        case let name where name.contains("Character"):
            output = [
                "characters": [
                    [
                        "id": "hero", "name": .string("\(names.0) \(names.1)"),
                        "role": text("a \(trade) who keeps \(object)"),
                    ],
                    ["id": "rival", "name": .string("\(dice.pick(Self.firstNames)) Vane"), "role": "wants it back"],
                ]
            ]
        case let name where name.contains("Plot"):
            output = [
                "acts": [
                    text("\(names.0) takes \(object) to \(place)"), "The first lie is told, and heard by everybody",
                    "What was owed is paid, by somebody else",
                ]
            ]
        default:
            output = ["content": text("\(names.0) looked at \(object) for a long time. In \(place) a bell began")]
        }
        output["summary"] = .string("A draft by the demo agent" + (turn ?? ""))
        if let feedback { output["used_feedback"] = .string(Printable.fitted(feedback, to: Self.feedbackShownMax)) }
        return .object(output)
    }

    /// Whether an attempt fails; another attempt of the same task throws the dice again.
    func fails(task: TaskID, attempt: Int, rate: Double) -> Bool {
        var dice = Dice(seed: seed ^ task.low ^ UInt64(attempt) &* 0x9E37_79B9_7F4A_7C15)
        return dice.share() < rate
    }

    func progressMessage(step: Int, of steps: Int) -> String {
        let messages = [
            "reading the brief", "gathering ideas", "throwing most of them away", "writing", "reading it aloud",
        ]
        return messages[min((step - 1) * messages.count / max(1, steps), messages.count - 1)]
    }

    private static let places = [
        "Saltmere", "the Glass Quarter", "Port Ember", "Nine Bridges", "the Low Orchard", "Vesper", "Hollow Tide",
    ]
    private static let objects = [
        "a clock that runs towards its owner", "a map of tomorrow", "the last unposted letter",
        "a bell without a voice",
        "a key to every room but one", "a jar of winter light",
    ]
    private static let trades = [
        "lighthouse keeper", "cartographer", "bell founder", "ferrywoman", "archivist", "baker",
    ]
    private static let firstNames = ["Mira", "Ansel", "Juno", "Tomas", "Ilse", "Kenji", "Ode"]
    private static let lastNames = ["Harrow", "Quill", "Sato", "Ferreira", "Lind", "Okafor"]
}

/// SplitMix64: small, good enough for dice, the same everywhere.
struct Dice: Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }

    /// From 0 up to, not including, 1.
    mutating func share() -> Double { Double(next() >> 11) / Double(1 << 53 as UInt64) }

    /// One of the words; the empty text when there is none.
    mutating func pick(_ words: [String]) -> String {
        words.isEmpty ? "" : words[Int(next() % UInt64(words.count))]
    }
}
