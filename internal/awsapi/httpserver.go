package awsapi

import (
	"bytes"
	"context"
	"log"
	"log/slog"
	"net/http"
	"time"
)

// MaxHeader is the most bytes that a request's line and headers may have.
const MaxHeader = 64 << 10

// NewHTTPServer returns an http.Server for h with bounds on what a stranger can
// take up. The caller gives it a listener and shuts it down.
func NewHTTPServer(h http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		// The edge itself bounds how long a body may take, more closely; this is
		// for bodies that nobody reads.
		ReadTimeout:  2 * time.Minute,
		WriteTimeout: 2 * time.Minute,
		IdleTimeout:  2 * time.Minute,
		// UntagResource carries up to 50 keys of 128 characters in its query,
		// which is some 60 KB when every character is escaped.
		MaxHeaderBytes: MaxHeader,
		// A connection of HTTP/2 is many requests at once: the bound on connections
		// is to bound those too. net/http keeps what a client sends in its windows,
		// and a frame whole, before anybody has asked for it. The SDKs use HTTP/1.1.
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: 16, MaxReadFrameSize: 16 << 10, MaxReceiveBufferPerConnection: 64 << 10, MaxReceiveBufferPerStream: 32 << 10,
			MaxDecoderHeaderTableSize: 4 << 10, MaxEncoderHeaderTableSize: 4 << 10, WriteByteTimeout: time.Minute,
		},
		// OPTIONS * would be answered 200 without anyone having been asked.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     log.New(logWriter{logger}, "", 0),
	}
}

// logWriter takes what net/http has to say: broken handshakes and the like are
// a stranger's doing, a panic is ours.
type logWriter struct{ logger *slog.Logger }

func (w logWriter) Write(b []byte) (int, error) {
	level := slog.LevelDebug
	if bytes.Contains(b, []byte("panic")) {
		level = slog.LevelError
	}
	w.logger.Log(context.Background(), level, string(bytes.TrimSpace(b)))
	return len(b), nil
}
