// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

// What a wallet does, with @polkadot/api as it comes: connect, read metadata, transfer, batch, watch
// until final, get the right errors, upgrade the runtime.
//
// node clients.mjs WEBSOCKET_URL [NEXT_RUNTIME.wasm]

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';

const UNIT = 10n ** 12n;
const DEADLINE_MS = 120_000;

const [url, nextRuntime] = process.argv.slice(2);
if (!url) {
    console.error('usage: clients.mjs WEBSOCKET_URL [NEXT_RUNTIME.wasm]');
    process.exit(2);
}

/** Reject if `promise` takes longer than the deadline. */
function within(what, promise) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`waited in vain: ${what}`)), DEADLINE_MS);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Submit, watch until final, and return the events; reject with the error's name if it failed. */
function submit(api, tx, signer, options = {}) {
    return within(tx.method.section + '.' + tx.method.method, new Promise((resolve, reject) => {
        const statuses = [];
        tx.signAndSend(signer, options, (result) => {
            statuses.push(result.status.type);
            if (result.isError) {
                reject(new Error(`it became ${statuses.join(', ')}`));
            } else if (result.status.isFinalized) {
                const error = result.dispatchError;
                if (!error) {
                    resolve({ events: result.events, statuses, block: result.status.asFinalized });
                } else if (error.isModule) {
                    const { section, name } = api.registry.findMetaError(error.asModule);
                    reject(new Error(`${section}.${name}`));
                } else {
                    reject(new Error(error.toString()));
                }
            }
        }).catch(reject);
    }));
}

function connect() {
    const provider = new WsProvider(url);
    return within('a connection', ApiPromise.create({ provider, noInitWarn: true }));
}

async function free(api, address) {
    return (await api.query.system.account(address)).data.free.toBigInt();
}

async function until(what, condition) {
    const start = Date.now();
    while (!(await condition())) {
        assert.ok(Date.now() - start < DEADLINE_MS, `waited in vain: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}

const tests = {
    async 'metadata names the pallets'({ api }) {
        for (const section of ['balances', 'multisig', 'pbft', 'preimage', 'proxy', 'scheduler',
            'session', 'sudo', 'system', 'timestamp', 'utility']) {
            assert.ok(api.tx[section], `no calls of ${section}`);
        }
        assert.equal(api.registry.chainTokens[0], 'HANSA');
        assert.equal(api.registry.chainDecimals[0], 12);
        assert.equal((await api.rpc.chain.getBlockHash(0)).toHex(), api.genesisHash.toHex());
    },

    async 'a transfer is watched until it is final'({ api, alice, fresh }) {
        const to = fresh('transfer');
        const { statuses, events, block } =
            await submit(api, api.tx.balances.transferKeepAlive(to, UNIT), alice);
        assert.equal(statuses.at(-1), 'Finalized', statuses.join());
        assert.ok(events.some(({ event }) => api.events.balances.Transfer.is(event)));
        assert.equal(await free(api, to), UNIT);
        const header = await api.rpc.chain.getHeader(block);
        const finalized = await api.rpc.chain.getHeader(await api.rpc.chain.getFinalizedHead());
        assert.ok(finalized.number.toNumber() >= header.number.toNumber());
    },

    async 'a batch is done as a whole'({ api, bob, fresh }) {
        const to = [fresh('batch-1'), fresh('batch-2')];
        const calls = to.map((address) => api.tx.balances.transferKeepAlive(address, 2n * UNIT));
        await submit(api, api.tx.utility.batchAll(calls), bob);
        for (const address of to) {
            assert.equal(await free(api, address), 2n * UNIT);
        }
    },

    async 'many transactions of one account keep their order'({ api, alice, fresh }) {
        const to = fresh('order');
        const first = (await api.rpc.system.accountNextIndex(alice.address)).toNumber();
        await Promise.all([...Array(10).keys()].map((i) => submit(
            api, api.tx.balances.transferKeepAlive(to, UNIT), alice, { nonce: first + i },
        )));
        assert.equal(await free(api, to), 10n * UNIT);
    },

    async 'a fee is quoted before it is paid'({ api, alice, bob }) {
        const tx = api.tx.balances.transferKeepAlive(bob.address, UNIT);
        const { partialFee } = await tx.paymentInfo(alice);
        assert.ok(partialFee.toBigInt() > 0n && partialFee.toBigInt() < UNIT, partialFee.toHuman());
    },

    async 'a spent nonce is refused'({ api, alice, bob }) {
        const nonce = (await api.query.system.account(alice.address)).nonce.toNumber();
        assert.ok(nonce > 0);
        const tx = api.tx.balances.transferKeepAlive(bob.address, UNIT);
        await assert.rejects(submit(api, tx, alice, { nonce: nonce - 1 }), /1010: .*outdated/);
    },

    async 'a bad signature is refused'({ api, alice, bob }) {
        const tx = api.tx.balances.transferKeepAlive(bob.address, UNIT);
        const bytes = (await tx.signAsync(alice, { nonce: -1 })).toU8a();
        bytes[bytes.length - 1] ^= 1;
        const submitted = api.rpc.author.submitExtrinsic(`0x${Buffer.from(bytes).toString('hex')}`);
        await assert.rejects(submitted, /1010: .*bad signature/);
    },

    async 'an empty account is refused'({ api, keyring, bob }) {
        const poor = keyring.addFromUri(`//poor-${Date.now()}`);
        const tx = api.tx.balances.transferKeepAlive(bob.address, UNIT);
        await assert.rejects(submit(api, tx, poor), /1010: .*balance too low/);
    },

    async 'a transfer of too much fails in its block'({ api, alice, bob }) {
        const tx = api.tx.balances.transferKeepAlive(alice.address, 10n ** 30n);
        await assert.rejects(submit(api, tx, bob), /Underflow/);
    },

    async 'blocks are heard of once, in order, and only when they are final'({ api, alice, bob }) {
        const seen = [];
        const stop = await api.rpc.chain.subscribeNewHeads((head) => seen.push(head));
        for (let i = 0; i < 3; i += 1) {
            await submit(api, api.tx.balances.transferKeepAlive(bob.address, UNIT), alice);
        }
        stop();
        const numbers = seen.map((head) => head.number.toNumber());
        assert.ok(numbers.length >= 3, `only ${numbers}`);
        assert.ok(numbers.every((n, i) => i === 0 || n === numbers[i - 1] + 1), numbers.join());
        const finalized = await api.rpc.chain.getHeader(await api.rpc.chain.getFinalizedHead());
        assert.ok(finalized.number.toNumber() >= numbers.at(-1));
    },

    async 'the runtime is upgraded by sudo'({ api, alice, fresh }) {
        const before = api.runtimeVersion.specVersion.toNumber();
        const code = `0x${readFileSync(nextRuntime).toString('hex')}`;
        const call = api.tx.system.setCode(code);
        const weight = { refTime: 0, proofSize: 0 };
        const { block } = await submit(api, api.tx.sudo.sudoUncheckedWeight(call, weight), alice);
        await until('the client to hear of the new version', () =>
            api.runtimeVersion.specVersion.toNumber() === before + 1);
        const to = fresh('upgraded');
        await submit(api, api.tx.balances.transferKeepAlive(to, UNIT), alice);
        assert.equal(await free(api, to), UNIT);

        // A client that comes later reads what happened under the old runtime. (The one that lives
        // through the upgrade mixes up the types of the two for a moment, so it is not asked.)
        const later = await connect();
        const events = await (await later.at(block)).query.system.events();
        const names = events.map(({ event }) => `${event.section}.${event.method}`);
        await later.disconnect();
        assert.ok(names.includes('system.CodeUpdated'), names.join());
    },
};

if (!nextRuntime) {
    delete tests['the runtime is upgraded by sudo'];
}
const api = await connect();
const keyring = new Keyring({ type: 'sr25519' });
const fresh = (name) => keyring.createFromUri(`//${name}-${process.pid}-${Date.now()}`).address;
const context = {
    api,
    keyring,
    fresh,
    alice: keyring.addFromUri('//Alice'),
    bob: keyring.addFromUri('//Bob'),
};

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
    try {
        await test(context);
        console.log(`ok      ${name}`);
    } catch (error) {
        failed += 1;
        console.log(`FAILED  ${name}\n${error.stack}`);
    }
}
await api.disconnect();
if (failed > 0) {
    console.error(`${failed} of ${Object.keys(tests).length} failed`);
}
process.exit(failed > 0 ? 1 : 0);
