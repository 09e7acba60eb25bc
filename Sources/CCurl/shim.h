#pragma once
#include <curl/curl.h>
#include <sys/socket.h>

// libcurl's setters take any type of argument, which Swift does not call.
static inline CURLcode genesis_curl_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode genesis_curl_set_text(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode genesis_curl_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode genesis_curl_set_list(CURL *easy, struct curl_slist *headers) {
    return curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
}
static inline CURLcode genesis_curl_set_receiver(CURL *easy, curl_write_callback receiver, void *context) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receiver);
    return code ? code : curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
}
// A socket that a program started by this one does not get too: the connection would stay open when it is closed here.
static inline curl_socket_t genesis_curl_open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)context;
    (void)purpose;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}
static inline CURLcode genesis_curl_keep_sockets(CURL *easy) {
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, genesis_curl_open_socket);
}
static inline CURLcode genesis_curl_get_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}
static inline CURLcode genesis_curl_get_offset(CURL *easy, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(easy, info, value);
}
// The end of a transfer, as libcurl tells it: a union, which Swift reads only with the help of this.
static inline CURLcode genesis_curl_result(const CURLMsg *message) { return message->data.result; }
