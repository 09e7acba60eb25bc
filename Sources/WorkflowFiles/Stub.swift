package import Orchestration
package struct WorkflowFileReader: WorkflowReader {
    package init(lenient: Bool = false) {}
    package func read(source: String, file: String) -> (workflow: Workflow?, findings: [WorkflowFinding]) { (nil, []) }
}
