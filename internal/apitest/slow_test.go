package apitest

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"
	"github.com/jackc/pgx/v5"
)

// A database that does not get on with its writing makes callers wait, and nobody else: what only reads is answered, the node is ready, and
// when the database goes on every change that waited is made, once.
func TestDatabaseAnswersSlowly(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "postgres")
	c := h.play()
	c.enable(c.admin)
	conn, err := pgx.Connect(t.Context(), h.config.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "lock table member in share row exclusive mode"); err != nil { // reading is allowed
		t.Fatal(err)
	}
	added := make(chan error, 1)
	go func() {
		_, err := c.admin.CreateMember(t.Context(), &macie2.CreateMemberInput{
			Account: &types.AccountDetail{AccountId: aws.String(memberID), Email: aws.String(address(memberID))}})
		added <- err
	}()
	db := h.open()
	eventually(t, "the change waits", func() bool {
		return h.count(db, "select count(*) from pg_stat_activity where application_name = 'magpie' and wait_event_type = 'Lock' and datname = current_database()") > 0
	})
	must(t)(c.admin.ListMembers(t.Context(), &macie2.ListMembersInput{OnlyAssociated: aws.String("false")}))
	must(t)(c.rival.EnableMacie(t.Context(), &macie2.EnableMacieInput{}))
	select {
	case err := <-added:
		t.Errorf("the change does not wait: %v", err)
	default:
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-added; err != nil {
		t.Errorf("the change that waited: %v", err)
	}
}
