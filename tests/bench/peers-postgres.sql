-- The job of one grant as PostgreSQL would do it: a key acts once, the member of staff's
-- daily limit, the budget's floor, an entry that stays, the customer's balance.  No tree,
-- no signature, no receipt.  A thousand givers and a hundred budgets, so that few calls wait
-- for each other's rows: a row is locked until its call is durable.
CREATE TABLE customers (id bigint PRIMARY KEY, balance bigint NOT NULL DEFAULT 0, last_entry bigint)
	WITH (fillfactor = 80);
CREATE TABLE budgets (id int PRIMARY KEY, available bigint NOT NULL CHECK (available >= 0))
	WITH (fillfactor = 20);
CREATE TABLE staff_days (staff int, day date, used bigint NOT NULL, most bigint NOT NULL,
	PRIMARY KEY (staff, day), CHECK (used <= most)) WITH (fillfactor = 50);
CREATE TABLE entries (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key uuid NOT NULL UNIQUE,
	customer bigint NOT NULL, staff int NOT NULL, budget int NOT NULL, amount bigint NOT NULL,
	reason text NOT NULL, previous bigint, at timestamptz NOT NULL DEFAULT now());

INSERT INTO customers SELECT g FROM generate_series(1, 100000) g;
INSERT INTO budgets SELECT g, 1000000000000000 FROM generate_series(1, 100) g;
INSERT INTO staff_days SELECT g, current_date, 0, 1000000000000000 FROM generate_series(1, 1000) g;

-- The hottest row, the budget's, is changed last, so that it is locked for the shortest time.
CREATE FUNCTION give(key uuid, whom bigint, giver int, amount bigint, reason text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	entry bigint;
	before bigint;
	purse int := giver % 100 + 1;
BEGIN
	SELECT seq INTO entry FROM entries e WHERE e.key = give.key;
	IF FOUND THEN
		RETURN entry;
	END IF;
	SELECT last_entry INTO before FROM customers WHERE id = whom FOR UPDATE;
	INSERT INTO entries (key, customer, staff, budget, amount, reason, previous)
		VALUES (key, whom, giver, purse, amount, reason, before) RETURNING seq INTO entry;
	UPDATE customers c SET balance = balance + give.amount, last_entry = entry WHERE id = whom;
	UPDATE staff_days SET used = used + give.amount WHERE staff = giver AND day = current_date;
	UPDATE budgets SET available = available - give.amount WHERE id = purse;
	RETURN entry;
END
$$;
