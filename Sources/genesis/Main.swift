@main
struct Genesis {
    static func main() async {}
}
