package console

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"magpie/internal/macie2"
)

// Call is a call that a page asks for.
type Call struct {
	Target string // path and query, as the page wrote them
	Region string
	Body   []byte // good until the call has returned
}

// own is where the operations are that Macie has no place for.
const own = "/magpie/v1/"

// call makes a call in the name of the session. What is not one of Macie's operations or of our own is not called: the console's pages
// have no business with STS, whose answers are secrets.
func (h *Handler) call(w http.ResponseWriter, r *http.Request) {
	x := h.require(w, r)
	if x == nil {
		return
	}
	target := "/" + strings.TrimPrefix(r.RequestURI, Prefix+"api/call/")
	path, _, _ := strings.Cut(target, "?")
	if !strings.HasPrefix(r.RequestURI, Prefix+"api/call/") || !callable(r.Method, path) {
		refuse(w, http.StatusNotFound, "UnknownOperationException", "The requested path is not one of this API's.")
		return
	}
	id := r.Header.Get("X-Magpie-Identity")
	if id == "" {
		id = "0"
	}
	as, ok := x.Identity(id)
	if !ok {
		refuse(w, http.StatusUnauthorized, "ConsoleIdentityEnded", "The role that was switched to has ended. Switch to it again.")
		return
	}
	region := r.Header.Get("X-Magpie-Region")
	if !slices.Contains(h.o.Regions, region) {
		refuse(w, http.StatusBadRequest, "ValidationException", "The header X-Magpie-Region must name a Region that this server serves.")
		return
	}
	body, release, ok := h.readBody(w, r, mostBody, as.Account)
	if !ok {
		return
	}
	defer release()
	switch err := h.o.Call(w, r, as, Call{Target: target, Region: region, Body: body}); {
	case errors.Is(err, ErrEnded) && id == "0":
		if err := h.o.Sessions.End(r.Context(), *x); err != nil {
			h.internal(w, r, err)
			return
		}
		ended(w)
	case errors.Is(err, ErrEnded):
		if err := h.o.Sessions.Return(r.Context(), *x, id); err != nil {
			h.internal(w, r, err)
			return
		}
		refuse(w, http.StatusUnauthorized, "ConsoleIdentityEnded", "The role that was switched to has ended. Switch to it again.")
	case err != nil:
		h.internal(w, r, err)
	}
}

// callable reports whether a path is one of Macie's operations or of our own.
func callable(method, path string) bool {
	if strings.HasPrefix(path, own) {
		return true
	}
	op, _, methods := macie2.Route(method, path)
	return op != nil || len(methods) > 0
}
