import Testing

@Suite struct WorkflowFilesTests {}
