package store

import (
	"errors"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
)

// postgresError translates PostgreSQL's SQLSTATEs, and what the network says, to the store's
// sentinels.
func postgresError(err error) error {
	if err == nil {
		return nil
	}
	var e *pgconn.PgError
	if errors.As(err, &e) {
		if e.Code == "XX000" && e.Routine == multixactRoutine {
			return wrapKind(errSerialization, err)
		}
		if kind := sqlState(e.Code); kind != nil {
			return wrapKind(kind, err)
		}
		return err
	}
	var connect *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, pgconn.ErrConnClosed) {
		return wrapKind(ErrUnavailable, err)
	}
	return err
}

// multixactRoutine is the function of PostgreSQL that reports "new multixact has more than one
// updating member" as an internal error, now and then, when several transactions lock and change
// one row (seen with 15.18, under load). Nothing of the transaction is kept, and it goes well when
// it is tried again.
const multixactRoutine = "MultiXactIdCreateFromMembers"

// sqlState is the sentinel for a SQLSTATE, nil when it has none.
func sqlState(code string) error {
	switch code {
	case "23505", "23P01": // unique_violation, exclusion_violation
		return ErrExists
	case "23503", "23001": // foreign_key_violation, restrict_violation
		return ErrForeignKey
	case "23514", "23502": // check_violation, not_null_violation
		return ErrCheck
	case "22021", "22P05": // character_not_in_repertoire, untranslatable_character
		return ErrInvalidText
	case "25006": // read_only_sql_transaction
		return ErrReadOnly
	case "53100": // disk_full
		return ErrFull
	case "40001", "40P01", "55P03": // serialization_failure, deadlock_detected, lock_not_available
		return errSerialization
	case "57014": // query_canceled: the statement timeout
		return ErrUnavailable
	}
	switch code[:min(2, len(code))] {
	case "08", "53", "57", "58": // connection, insufficient resources, operator intervention, system error
		return ErrUnavailable
	}
	return nil
}
