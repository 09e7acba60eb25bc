// libFuzzer brings the main; this only ties the entry point into the program.
extern int LLVMFuzzerTestOneInput(const unsigned char *start, long count);
int (*const keep)(const unsigned char *, long) = LLVMFuzzerTestOneInput;
