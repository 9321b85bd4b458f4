// A function that drives the state API with Dapr's JavaScript SDK at each invocation, as client.js says, and answers with
// how often it was invoked and the keys that it leaves. It knows nothing of where its states live.
const http = require("node:http");
const { DaprClient } = require("@dapr/dapr");
const { operations, quiet } = require("./client.js");

const store = "statestore";
const client = new DaprClient({ logger: { service: quiet } });

async function invoke() {
	const runs = Number(await client.state.get(store, "runs")) + 1; // "" before the first
	await operations(client);
	await client.state.save(store, [{ key: "runs", value: runs }]);
	const keys = ["runs", "planet", "text", "k1", "k2", "k3"];
	const left = await client.state.getBulk(store, keys);
	return JSON.stringify(left.map(({ key, data }) => [key, data]));
}

http.createServer((request, response) => {
	request.resume();
	request.on("end", () => {
		const answer = (status, text) => {
			response.statusCode = status;
			response.end(text);
		};
		if (request.url === "/_/health") {
			answer(200, "");
			return;
		}
		invoke().then((text) => answer(200, text), (error) => answer(500, String(error.stack)));
	});
}).listen(Number(process.env.PORT), "127.0.0.1");
