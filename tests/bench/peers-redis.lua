#!lua name=bench
-- The job of one grant as Redis would do it: a key acts once, the member of staff's daily
-- limit, the budget's floor, an entry that stays, the customer's balance.  No tree, no
-- signature, no receipt.
-- KEYS: idempotency key, staff's day, budget, entries.  ARGV: amount, limit, any number,
-- which stands for one of 100,000 customers.
local function give(keys, args)
	local before = redis.call('GET', keys[1])
	if before then return tonumber(before) end
	local amount = tonumber(args[1])
	if tonumber(redis.call('GET', keys[2]) or '0') + amount > tonumber(args[2]) then
		return redis.error_reply('LIMIT the day is spent')
	end
	if tonumber(redis.call('GET', keys[3]) or '0') < amount then
		return redis.error_reply('BUDGET it has not that much')
	end
	local seq = redis.call('INCR', 'next')
	local customer = 'customer:' .. tonumber(args[3]) % 100000
	local previous = redis.call('HGET', customer, 'last') or '0'
	redis.call('XADD', keys[4], seq .. '-0', 'customer', customer, 'amount', amount,
		'reason', 'late-room', 'previous', previous)
	redis.call('INCRBY', keys[2], amount)
	redis.call('DECRBY', keys[3], amount)
	redis.call('HINCRBY', customer, 'balance', amount)
	redis.call('HSET', customer, 'last', seq)
	redis.call('SET', keys[1], seq)
	return seq
end
redis.register_function('give', give)
