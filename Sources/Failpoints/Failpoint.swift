internal import Glibc

/// The moments at which a worker can be made to die or to stand still, for `make chaos`.
///
/// A moment is reached after what its name says. Only builds for development and for chaos know them: in a release
/// build `reach` is empty. What happens from outside "at" a moment (a connection ends, a broker goes away) is done by
/// the harness while the worker stands still there.
package enum Failpoint: CaseIterable, Sendable {
    // Kafka in: from a record to its committed position.
    case pollDue
    case recordsPolled
    case batchBegun
    case positionMoved
    case sessionsLocked
    case inboxWritten
    case sessionsWritten
    case eventsAppended
    case tasksWritten
    case handlesWritten
    case outboxInserted
    case deadLettersWritten
    case commitSent
    case commitAnswered
    case offsetsCommitted
    // The outbox: from a lane to a mark.
    case lanesLeased
    case outboxRead
    case recordsProduced
    case recordsUnacknowledged
    case recordsAcknowledged
    case markSent
    case marked
    // Rows inserted by others, and deadlines.
    case inboxRead
    case deadlinesFound
    case dueSessionsLocked
    // Partitions come and go.
    case partitionsAssigned
    case epochTaken
    case partitionsRevoked

    /// Notes that the moment is here, and does what `GENESIS_FAILPOINT` asks for.
    @inlinable @inline(__always) package static func reach(_ moment: Failpoint) {
        #if DEBUG || CHAOS
            FailpointOrders.ofThisProcess?.arrive(at: moment)
        #endif
    }

    /// Whether this process has any orders.
    @inlinable @inline(__always) package static var areOrdered: Bool {
        #if DEBUG || CHAOS
            FailpointOrders.ofThisProcess != nil
        #else
            false
        #endif
    }

    /// Whether an order waits for one of the moments.
    @inlinable @inline(__always) package static func awaits(_ moments: Set<Failpoint>) -> Bool {
        #if DEBUG || CHAOS
            FailpointOrders.ofThisProcess?.awaits(moments) ?? false
        #else
            false
        #endif
    }
}

#if DEBUG || CHAOS
    extension Failpoint {
        /// In snake case, as orders and reports spell it.
        package var name: String {
            var name = ""
            for character in "\(self)" { name += character.isUppercase ? "_\(character.lowercased())" : "\(character)" }
            return name
        }
    }

    /// `GENESIS_FAILPOINT=<name>:<n-th time>:<kill|stop>`, several separated by commas.
    package final class FailpointOrders: @unchecked Sendable {
        package static let variable = "GENESIS_FAILPOINT"

        /// Nil when nothing is ordered.
        package static let ofThisProcess: FailpointOrders? = {
            guard let text = getenv(variable).map({ String(cString: $0) }), !text.isEmpty else { return nil }
            guard let orders = FailpointOrders(text) else {
                say("\(variable) is not <name>:<n-th time>:<kill|stop>,…: \(text)")
                _exit(64)
            }
            return orders
        }()

        package enum Action: String, Sendable {
            case kill, stop

            var signal: Int32 {
                switch self {
                case .kill: SIGKILL
                case .stop: SIGSTOP
                }
            }
        }

        private var orders: [Failpoint: (countdown: Int, action: Action)] = [:]
        private var lock = pthread_mutex_t()

        package init?(_ text: String) {
            pthread_mutex_init(&lock, nil)
            let moments = Dictionary(uniqueKeysWithValues: Failpoint.allCases.map { ($0.name, $0) })
            for order in text.split(separator: ",") {
                let parts = order.split(separator: ":").map(String.init)
                guard parts.count == 3, let moment = moments[parts[0]], let count = Int(parts[1]), count > 0,
                    let action = Action(rawValue: parts[2])
                else { return nil }
                orders[moment] = (count, action)
            }
        }

        package func awaits(_ moments: Set<Failpoint>) -> Bool {
            pthread_mutex_lock(&lock)
            defer { pthread_mutex_unlock(&lock) }
            return !moments.isDisjoint(with: orders.keys)
        }

        package func arrive(at moment: Failpoint) {
            pthread_mutex_lock(&lock)
            guard let order = orders[moment] else {
                pthread_mutex_unlock(&lock)
                return
            }
            orders[moment] = order.countdown > 1 ? (order.countdown - 1, order.action) : nil
            pthread_mutex_unlock(&lock)
            guard order.countdown == 1 else { return }
            Self.say(#"{"message":"failpoint","name":"\#(moment.name)","action":"\#(order.action.rawValue)"}"#)
            raise(order.action.signal)
        }

        private static func say(_ line: String) {
            let bytes = Array("\(line)\n".utf8)
            _ = write(STDERR_FILENO, bytes, bytes.count)
        }
    }
#endif
