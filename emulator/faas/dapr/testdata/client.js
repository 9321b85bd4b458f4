// What a function does with Dapr's JavaScript SDK: every operation of the state API, checked. It says "ok" at the end.
// Run with NODE_PATH and DAPR_HTTP_ENDPOINT set; or required by a function, which gives operations its client.
const assert = require("node:assert");
const { DaprClient, StateConcurrencyEnum, StateConsistencyEnum } = require("@dapr/dapr");

const store = "statestore";
const quiet = { verbose() {}, debug() {}, info() {}, warn() {}, error() {} };
const firstWrite = {
	concurrency: StateConcurrencyEnum.CONCURRENCY_FIRST_WRITE,
	consistency: StateConsistencyEnum.CONSISTENCY_STRONG,
};

async function operations(client) {
	const state = client.state;
	const etagOf = async (key) => (await state.getBulk(store, [key]))[0].etag;

	// get and save
	assert.strictEqual(await state.get(store, "nowhere"), "");
	const value = { name: "Tatooine", suns: 2, ü: ["€", null, 1.5, true] };
	assert.deepStrictEqual(await state.save(store, [{ key: "planet", value }, { key: "text", value: "1" }]), {});
	assert.deepStrictEqual(await state.get(store, "planet"), value);
	assert.strictEqual(await state.get(store, "text", { consistency: StateConsistencyEnum.CONSISTENCY_STRONG }), "1");
	await state.save(store, [{ key: "a/b ü", value: [] }], { metadata: { partitionKey: "p" } });
	assert.deepStrictEqual(await state.get(store, encodeURIComponent("a/b ü")), []);

	// ETags: the first write wins, and a conflict is told
	const etag = await etagOf("planet");
	assert.deepStrictEqual(await state.save(store, [{ key: "planet", value: 1, etag, options: firstWrite }]), {});
	let conflict = await state.save(store, [{ key: "planet", value: 2, etag, options: firstWrite }]);
	assert.strictEqual(JSON.parse(conflict.error.message).status, 409);
	assert.match(JSON.parse(conflict.error.message).error_msg, /ERR_STATE_SAVE.*etag mismatch/);
	assert.strictEqual(await state.get(store, "planet"), 1);
	assert.deepStrictEqual(await state.save(store, [{ key: "planet", value: 3 }]), {}); // without one the last wins

	// delete
	conflict = await state.delete(store, "planet", { etag });
	assert.strictEqual(JSON.parse(conflict.error.message).status, 409);
	assert.deepStrictEqual(await state.delete(store, "planet", { etag: await etagOf("planet"), ...firstWrite }), {});
	assert.strictEqual(await state.get(store, "planet"), "");
	assert.deepStrictEqual(await state.delete(store, "planet"), {});

	// bulk
	await state.save(store, [{ key: "k1", value: 1 }, { key: "k2", value: { x: 2 } }]);
	const bulk = await state.getBulk(store, ["k2", "nowhere", "k1"], { parallelism: 2 });
	assert.deepStrictEqual(bulk.map(({ key, data }) => ({ key, data })),
		[{ key: "k2", data: { x: 2 } }, { key: "nowhere", data: undefined }, { key: "k1", data: 1 }]);

	// transactions: all or nothing
	await state.transaction(store, [
		{ operation: "upsert", request: { key: "k1", value: 10 } },
		{ operation: "delete", request: { key: "k2" } },
		{ operation: "upsert", request: { key: "k3", value: "new" } },
	], { partitionKey: "p" });
	assert.strictEqual(await state.get(store, "k1"), 10);
	assert.strictEqual(await state.get(store, "k2"), "");
	assert.strictEqual(await state.get(store, "k3"), "new");
	await assert.rejects(state.transaction(store, [
		{ operation: "upsert", request: { key: "k1", value: 11 } },
		{ operation: "upsert", request: { key: "k3", value: "newer", etag: "1000000", options: firstWrite } },
	]), /ERR_STATE_TRANSACTION/);
	assert.strictEqual(await state.get(store, "k1"), 10);
	assert.match((await state.save("nostore", [{ key: "k", value: 1 }])).error.message, /ERR_STATE_STORE_NOT_FOUND/);
}

async function main() {
	const client = new DaprClient({ logger: { service: quiet } });
	await client.start();
	assert.strictEqual(await client.health.isHealthy(), true);
	await operations(client);
	await client.stop();
	console.log("ok");
}

module.exports = { operations, quiet };
if (require.main === module) {
	main().catch((error) => {
		console.error(error);
		process.exit(1);
	});
}
